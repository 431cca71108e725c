using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>One position of an index expression: a number, a slice, all remaining dimensions, a new axis, or a tensor.</summary>
    public readonly struct TensorIndex
    {
        /// <summary>All dimensions that the other positions leave.</summary>
        public static readonly TensorIndex Ellipsis = new(2, 0, 0, 0, null);

        /// <summary>A new axis of size one.</summary>
        public static readonly TensorIndex Null = new(3, 0, 0, 0, null);

        /// <summary>The whole dimension.</summary>
        public static readonly TensorIndex Colon = Slice();

        private readonly long kind;
        private readonly long start;
        private readonly long stop;
        private readonly long step;
        private readonly Tensor? tensor;

        private TensorIndex(long kind, long start, long stop, long step, Tensor? tensor)
        {
            this.kind = kind;
            this.start = start;
            this.stop = stop;
            this.step = step;
            this.tensor = tensor;
        }

        internal TensorHandle Handle => tensor?.handle ?? TensorHandle.None;

        public static implicit operator TensorIndex(long value) => Single(value);

        public static implicit operator TensorIndex(Tensor value) => Tensor(value);

        public static implicit operator TensorIndex(Range range) => Slice(range);

        public static implicit operator TensorIndex(Index index) => Single(index.IsFromEnd ? -index.Value : index.Value);

        public static implicit operator TensorIndex((int?, int?) range) => Slice(range);

        /// <summary>From start up to, not including, stop; negative positions count from the end; step is positive.</summary>
        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) =>
            new(1, start ?? 0, stop ?? long.MaxValue, step ?? 1, null);

        public static TensorIndex Slice((int?, int?) range) => Slice(range.Item1, range.Item2);

        public static TensorIndex Slice(Range range)
        {
            long? last = range.End switch
            {
                { IsFromEnd: true, Value: 0 } => null,
                { IsFromEnd: true } end => -end.Value,
                var end => end.Value,
            };
            return Slice(range.Start.IsFromEnd ? -range.Start.Value : range.Start.Value, last);
        }

        public static TensorIndex Bool(bool value) => new(4, value ? 1 : 0, 0, 0, null);

        /// <summary>That element, or a new axis for null.</summary>
        public static TensorIndex Single(long? index) => index is { } position ? new TensorIndex(0, position, 0, 0, null) : Null;

        public static TensorIndex Tensor(Tensor tensor) => new(5, 0, 0, 0, tensor);

        internal NativeIndex ToNative(nint pointer) => new(kind, start, stop, step, pointer);
    }
}
