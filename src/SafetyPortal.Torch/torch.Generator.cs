using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Seeds the default generators of every device and returns the CPU's.</summary>
    public static Generator manual_seed(long seed)
    {
        NativeError.Check(NativeMethods.sp_manual_seed(unchecked((ulong)seed)));
        return Generator.Default;
    }

    /// <summary>Seeds the CPU's default generator from the system's entropy and returns that seed.</summary>
    public static long seed() => Generator.Default.seed();

    public static long initial_seed() => Generator.Default.initial_seed();

    public static Tensor get_rng_state() => Generator.Default.get_state();

    public static void set_rng_state(Tensor new_state) => Generator.Default.set_state(new_state);

    public static Tensor bernoulli(Tensor input, Generator? generator = null) =>
        NativeError.Result(NativeMethods.sp_bernoulli(input.handle, Source(generator), out var r), r);

    public static Tensor multinomial(Tensor input, long num_samples, bool replacement = false, Generator? generator = null) =>
        NativeError.Result(NativeMethods.sp_multinomial(input.handle, num_samples, replacement ? 1 : 0, Source(generator), out var r), r);

    /// <summary>The functions above under the name of their module.</summary>
    public static class random
    {
        public static Generator manual_seed(long seed) => torch.manual_seed(seed);

        public static long seed() => torch.seed();

        public static long initial_seed() => torch.initial_seed();

        public static Tensor get_rng_state() => torch.get_rng_state();

        public static void set_rng_state(Tensor new_state) => torch.set_rng_state(new_state);
    }

    /// <summary>A stream of random numbers that its seed determines. Two streams of one seed are equal.</summary>
    public sealed class Generator : IDisposable
    {
        internal readonly GeneratorHandle handle;

        public Generator(ulong seed = 0, Device? device = null)
        {
            this.device = device ?? CPU;
            NativeError.Check(NativeMethods.sp_generator_new(seed, (int)this.device.type, this.device.index, out var pointer));
            handle = new GeneratorHandle(pointer);
        }

        private Generator(nint pointer, Device device)
        {
            this.device = device;
            handle = new GeneratorHandle(pointer);
        }

        /// <summary>The generator that the CPU uses when none is named.</summary>
        public static Generator Default
        {
            get
            {
                NativeError.Check(NativeMethods.sp_generator_default((int)DeviceType.CPU, -1, out var pointer));
                return new Generator(pointer, CPU);
            }
        }

        public Device device { get; }

        public Generator manual_seed(long seed)
        {
            NativeError.Check(NativeMethods.sp_generator_set_seed(handle, unchecked((ulong)seed)));
            return this;
        }

        /// <summary>The seed in force.</summary>
        public long initial_seed()
        {
            NativeError.Check(NativeMethods.sp_generator_get_seed(handle, out var seed));
            return unchecked((long)seed);
        }

        /// <summary>Takes a seed from the system's entropy and returns it.</summary>
        public long seed()
        {
            NativeError.Check(NativeMethods.sp_generator_new_seed(handle, out var seed));
            return unchecked((long)seed);
        }

        /// <summary>Everything the stream depends on, as bytes.</summary>
        public Tensor get_state() => NativeError.Result(NativeMethods.sp_generator_get_state(handle, out var r), r);

        public void set_state(Tensor value) => NativeError.Check(NativeMethods.sp_generator_set_state(handle, value.handle));

        public void Dispose() => handle.Dispose();
    }
}
