using static TorchSharp.Interop.NativeError;
using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            /// <summary>softmax(q k^T / sqrt(d) + mask) v, from "Attention Is All You Need" (Vaswani et al., 2017), equation 1.</summary>
            /// <param name="query">[..., Tq, d].</param>
            /// <param name="key">[..., Tk, d].</param>
            /// <param name="value">[..., Tk, dv].</param>
            /// <param name="attn_mask">Added to the scores, or boolean with true where a query may look; broadcast to [..., Tq, Tk].</param>
            /// <param name="p">Dropout on the weights.</param>
            /// <param name="is_casual">Each query sees keys up to its own position; excludes a mask.</param>
            /// <returns>[..., Tq, dv].</returns>
            /// <remarks>Scaling the query rather than the scores touches d instead of Tk numbers per query.</remarks>
            public static Tensor scaled_dot_product_attention(
                Tensor query, Tensor key, Tensor value, Tensor? attn_mask = null, double p = 0, bool is_casual = false)
            {
                if (is_casual && attn_mask is not null)
                    throw new ArgumentException("A causal attention takes no other mask.", nameof(attn_mask));
                using var scope = NewDisposeScope();
                if (is_casual)
                    attn_mask = CausalMask(query.size(-2), key.size(-2), query.device);
                if (p == 0 && InTiles(query, key, value, attn_mask) is { } attended)
                    return attended.MoveToOuterDisposeScope();
                using var scaled = query * (1.0 / Math.Sqrt(query.size(-1)));
                using var transposed = key.transpose(-2, -1);
                var scores = scaled.matmul(transposed); // [..., Tq, Tk]
                if (attn_mask is not null)
                {
                    var masked = attn_mask.dtype == ScalarType.Bool
                        ? scores.masked_fill(attn_mask.logical_not(), double.NegativeInfinity)
                        : scores + attn_mask;
                    scores.Dispose();
                    scores = masked;
                }

                var weights = scores.softmax(-1);
                scores.Dispose(); // The largest temporaries go as soon as they can.
                if (p > 0)
                    weights = dropout(weights, p);
                return weights.matmul(value).MoveToOuterDisposeScope(); // [..., Tq, dv]
            }

            private static Tensor CausalMask(long queries, long keys, Device device) => ones([queries, keys], dtype: ScalarType.Bool, device: device).tril();

            // Null where the tiles do not serve: they take [B, H, T, d] on the CPU.
            private static Tensor? InTiles(Tensor query, Tensor key, Tensor value, Tensor? mask)
            {
                var added = mask is { dtype: ScalarType.Bool } visible
                    ? zeros(visible.shape, dtype: query.dtype, device: visible.device).masked_fill(visible.logical_not(), double.NegativeInfinity)
                    : mask;
                Check(sp_attention(query.handle, key.handle, value.handle, Tensor.Optional(added), out var result));
                return result == 0 ? null : new Tensor(result);
            }
        }
    }
}
