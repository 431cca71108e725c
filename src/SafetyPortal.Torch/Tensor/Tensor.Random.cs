using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor normal_(double mean = 0, double std = 1, Generator? generator = null) =>
            Done(NativeMethods.sp_normal_(handle, mean, std, Source(generator)));

        public Tensor uniform_(double from, double to, Generator? generator = null) =>
            Done(NativeMethods.sp_uniform_(handle, from, to, Source(generator)));

        /// <summary>Whole numbers from <paramref name="from"/> up to, not including, <paramref name="to"/>.</summary>
        public Tensor random_(double from, double to, Generator? generator = null) =>
            Done(NativeMethods.sp_random_(handle, (long)from, (long)to, Source(generator)));

        public Tensor bernoulli_(double p = 0.5, Generator? generator = null) =>
            Done(NativeMethods.sp_bernoulli_(handle, p, Source(generator)));

        public Tensor bernoulli_(Tensor p, Generator? generator = null) =>
            Done(NativeMethods.sp_bernoulli_tensor_(handle, p.handle, Source(generator)));
    }
}
