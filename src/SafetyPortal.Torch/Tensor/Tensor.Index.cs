using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor this[params TensorIndex[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        public Tensor this[params Tensor[] indices]
        {
            get => index(Positions(indices));
            set => index_put_(value, Positions(indices));
        }

        public Tensor this[params long[] indices]
        {
            get => index(Positions(indices));
            set => index_put_(value, Positions(indices));
        }

        public Tensor this[long i1]
        {
            get => select(0, i1);
            set => index_put_(value, [i1]);
        }

        public Tensor this[long i1, long i2]
        {
            get => index(i1, i2);
            set => index_put_(value, [i1, i2]);
        }

        public Tensor this[long i1, long i2, long i3]
        {
            get => index(i1, i2, i3);
            set => index_put_(value, [i1, i2, i3]);
        }

        public Tensor this[long i1, long i2, long i3, long i4]
        {
            get => index(i1, i2, i3, i4);
            set => index_put_(value, [i1, i2, i3, i4]);
        }

        /// <summary>A view where every position is a number or a slice; a copy where one is a tensor.</summary>
        public Tensor index(params TensorIndex[] indices)
        {
            using var handles = new HandleList(indices.Select(i => i.Handle));
            var native = ToNative(indices, handles);
            return NativeError.Result(NativeMethods.sp_index(handle, native, native.Length, out var r), r);
        }

        /// <summary>Writes the value, broadcast, to the indexed positions.</summary>
        public Tensor index_put_(Tensor value, params TensorIndex[] indices)
        {
            using var handles = new HandleList(indices.Select(i => i.Handle));
            var native = ToNative(indices, handles);
            return Done(NativeMethods.sp_index_put_(handle, native, native.Length, value.handle));
        }

        public Tensor index_put_(Scalar value, params TensorIndex[] indices)
        {
            using var tensor = full([], value, dtype, device);
            return index_put_(tensor, indices);
        }

        public Tensor index_put_(Tensor value, params Tensor[] indices) => index_put_(value, indices, accumulate: false);

        public Tensor index_put_(Scalar value, params Tensor[] indices)
        {
            using var tensor = full([], value, dtype, device);
            return index_put_(tensor, indices, accumulate: false);
        }

        /// <summary>Writes, or with <paramref name="accumulate"/> adds, the value at positions that tensors name.</summary>
        public Tensor index_put_(Tensor value, Tensor[] indices, bool accumulate = false)
        {
            using var handles = new HandleList(indices);
            return Done(NativeMethods.sp_index_put_accumulate_(handle, handles.Pointers, handles.Count, value.handle, accumulate ? 1 : 0));
        }

        private static TensorIndex[] Positions(Tensor[] indices) => Array.ConvertAll(indices, TensorIndex.Tensor);

        private static TensorIndex[] Positions(long[] indices) => Array.ConvertAll(indices, i => TensorIndex.Single(i));

        private static NativeIndex[] ToNative(TensorIndex[] indices, HandleList handles)
        {
            var native = new NativeIndex[indices.Length];
            for (var i = 0; i < native.Length; i++)
                native[i] = indices[i].ToNative(handles.Pointers[i]);
            return native;
        }
    }
}
