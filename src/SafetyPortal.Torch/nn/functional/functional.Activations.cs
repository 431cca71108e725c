using TorchSharp.Modules;
using static TorchSharp.Interop.NativeError;
using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            /// <summary>x sigmoid(x).</summary>
            public static Tensor silu(Tensor x, bool inplace = false)
            {
                if (!inplace)
                    return x.silu();
                Check(sp_silu_(x.handle));
                return x;
            }

            /// <summary>x Phi(x), with the exact normal distribution.</summary>
            public static Tensor gelu(Tensor x) => x.gelu();

            public static Tensor gelu(Tensor x, bool inplace) => inplace ? Into(x, x.gelu()) : x.gelu();

            public static Tensor gelu(Tensor x, GELU.Approximate approximate, bool inplace = false)
            {
                var output = Result(sp_gelu(x.handle, Flag(approximate == Modules.GELU.Approximate.tanh), out var result), result);
                return inplace ? Into(x, output) : output;
            }

            public static Tensor relu(Tensor x, bool inplace = false)
            {
                if (!inplace)
                    return x.relu();
                Check(sp_relu_(x.handle));
                return x;
            }

            public static Tensor leaky_relu(Tensor input, double negative_slope = 0.01, bool inplace = false)
            {
                var output = Result(sp_leaky_relu(input.handle, negative_slope, out var result), result);
                return inplace ? Into(input, output) : output;
            }

            public static Tensor sigmoid(Tensor x) => x.sigmoid();

            public static Tensor sigmoid(Tensor x, bool inplace) => inplace ? Into(x, x.sigmoid()) : x.sigmoid();

            public static Tensor tanh(Tensor x, bool inplace = false) => inplace ? Into(x, x.tanh()) : x.tanh();

            public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = null) => input.softmax(dim, dtype);

            public static Tensor log_softmax(Tensor x, long dim) => x.log_softmax(dim);
        }
    }
}
