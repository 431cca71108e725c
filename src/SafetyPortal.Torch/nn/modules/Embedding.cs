using TorchSharp.Interop;
using TorchSharp.Modules;
using static TorchSharp.Interop.NativeMethods;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>Rows of a table by their numbers: [...] of int64 to [..., dims].</summary>
    public sealed class Embedding : nn.Module<Tensor, Tensor>
    {
        private readonly long padding;
        private Parameter? _weight;

        internal Embedding(Parameter weight, long? padding)
            : base(nameof(Embedding))
        {
            this.padding = padding ?? -1;
            this.weight = weight;
        }

        /// <summary>[entries, dims].</summary>
        public Parameter? weight
        {
            get => _weight;
            set => ReplaceParameter(nameof(weight), _weight = value);
        }

        public override Tensor forward(Tensor input) => _weight is null
            ? throw new InvalidOperationException("This embedding has no weight.")
            : NativeError.Result(sp_embedding(_weight.handle, input.handle, padding, out var result), result);

        protected override void RegisterComponents()
        {
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            /// <summary>A table of standard normal rows.</summary>
            /// <param name="num_embeddings">Rows.</param>
            /// <param name="embedding_dims">Columns.</param>
            /// <param name="padding_idx">A row that starts at zero and gets no gradient; negative counts from the end.</param>
            /// <param name="max_norm">Not supported: must be null.</param>
            /// <param name="norm_type">Belongs to <paramref name="max_norm"/>.</param>
            /// <param name="scale_grad_by_freq">Not supported: must be false.</param>
            /// <param name="sparse">Not supported: must be false.</param>
            /// <param name="device">Where the table lives.</param>
            /// <param name="dtype">Its element type.</param>
            public static Embedding Embedding(
                long num_embeddings, long embedding_dims, long? padding_idx = null, double? max_norm = null, double norm_type = 2,
                bool scale_grad_by_freq = false, bool sparse = false, Device? device = null, ScalarType? dtype = null)
            {
                RefuseVariants(max_norm, scale_grad_by_freq, sparse);
                var weight = new Parameter(empty([num_embeddings, embedding_dims], dtype: dtype, device: device));
                init.normal_(weight);
                if (padding_idx < 0)
                    padding_idx += num_embeddings;
                if (padding_idx is { } row)
                {
                    using var inference = no_grad();
                    using var padded = weight.select(0, row);
                    padded.zero_();
                }

                return new Embedding(weight, padding_idx);
            }

            /// <summary>A table with given rows [entries, dims], which it takes over; the row padding_idx, from the end if negative, gets no gradient.</summary>
            public static Embedding Embedding_from_pretrained(
                Tensor embeddings, bool freeze = true, long? padding_idx = null, double? max_norm = null, double norm_type = 2,
                bool scale_grad_by_freq = false, bool sparse = false, Device? device = null, ScalarType? dtype = null)
            {
                RefuseVariants(max_norm, scale_grad_by_freq, sparse);
                var rows = embeddings.to(dtype ?? embeddings.dtype, device ?? embeddings.device);
                if (padding_idx < 0)
                    padding_idx += rows.size(0);
                return new Embedding(new Parameter(rows, !freeze), padding_idx);
            }

            private static void RefuseVariants(double? maxNorm, bool scaleByFrequency, bool sparse)
            {
                if (maxNorm is not null || scaleByFrequency || sparse)
                    throw new NotSupportedException("Embeddings with max_norm, scale_grad_by_freq or sparse gradients are not supported.");
            }
        }
    }
}
