using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>A normalisation with a learned scale and shift per channel.</summary>
    public abstract class AffineNorm : nn.Module<Tensor, Tensor>
    {
        private Parameter? _weight;
        private Parameter? _bias;

        private protected AffineNorm(string name, long[] shape, bool affine, bool bias, Device? device, ScalarType? dtype)
            : base(name)
        {
            if (affine)
                weight = new Parameter(ones(shape, dtype: dtype, device: device));
            if (affine && bias)
                this.bias = new Parameter(zeros(shape, dtype: dtype, device: device));
        }

        private protected Parameter? Scale => _weight;

        /// <summary>The scale; starts at 1.</summary>
        /// <exception cref="InvalidOperationException">The layer was made without one.</exception>
        public Parameter weight
        {
            get => _weight ?? throw new InvalidOperationException($"This {GetName()} has no weight.");
            set => ReplaceParameter(nameof(weight), _weight = value);
        }

        /// <summary>The shift, starting at 0, or null.</summary>
        public Parameter? bias
        {
            get => _bias;
            set => ReplaceParameter(nameof(bias), _bias = value);
        }

        protected override void RegisterComponents()
        {
        }
    }

    /// <summary>Group normalisation (Wu and He, 2018) of [B, C, ...].</summary>
    public sealed class GroupNorm : AffineNorm
    {
        internal GroupNorm(long groups, long channels, double eps, bool affine, Device? device, ScalarType? dtype)
            : base(nameof(GroupNorm), [channels], affine, bias: true, device, dtype)
        {
            if (groups <= 0 || channels % groups != 0)
                throw new ArgumentException($"{groups} groups do not divide {channels} channels.", nameof(groups));
            (num_groups, this.eps) = (groups, eps);
        }

        public long num_groups { get; set; }

        public double eps { get; set; }

        public override Tensor forward(Tensor tensor) => nn.functional.group_norm(tensor, num_groups, Scale, bias, eps);
    }

    /// <summary>Layer normalisation (Ba et al., 2016) over the last dimensions.</summary>
    public sealed class LayerNorm : AffineNorm
    {
        private readonly long[] shape;
        private readonly double eps;

        internal LayerNorm(long[] shape, double eps, bool affine, bool bias, Device? device, ScalarType? dtype)
            : base(nameof(LayerNorm), shape, affine, bias, device, dtype) => (this.shape, this.eps) = (shape, eps);

        public override Tensor forward(Tensor tensor) => nn.functional.layer_norm(tensor, shape, Scale, bias, eps);
    }

    /// <summary>Batch normalisation (Ioffe and Szegedy, 2015) of [B, C, H, W]; evaluation uses the running statistics.</summary>
    public sealed class BatchNorm2d : AffineNorm
    {
        private readonly double eps;
        private readonly double momentum;
        private Tensor? _mean;
        private Tensor? _var;
        private Tensor? _batches;

        internal BatchNorm2d(long features, double eps, double momentum, bool affine, bool track, Device? device, ScalarType? dtype)
            : base(nameof(BatchNorm2d), [features], affine, bias: true, device, dtype)
        {
            (this.eps, this.momentum) = (eps, momentum);
            if (!track)
                return;
            running_mean = zeros([features], dtype: dtype, device: device);
            running_var = ones([features], dtype: dtype, device: device);
            num_batches_tracked = zeros([], dtype: ScalarType.Int64, device: device);
        }

        public Tensor? running_mean
        {
            get => _mean;
            set => ReplaceBuffer(nameof(running_mean), _mean = value);
        }

        public Tensor? running_var
        {
            get => _var;
            set => ReplaceBuffer(nameof(running_var), _var = value);
        }

        public Tensor? num_batches_tracked
        {
            get => _batches;
            set => ReplaceBuffer(nameof(num_batches_tracked), _batches = value);
        }

        public void reset_running_stats()
        {
            _mean?.zero_();
            _var?.fill_(1);
            _batches?.zero_();
        }

        public override Tensor forward(Tensor input)
        {
            if (input.dim() != 4)
                throw new ArgumentException($"BatchNorm2d expects [B, C, H, W], got {input.dim()} dimensions.", nameof(input));
            if (training)
                _batches?.add_(1);
            return nn.functional.batch_norm(input, _mean, _var, Scale, bias, training || _mean is null, momentum, eps);
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static GroupNorm GroupNorm(
                long num_groups, long num_channels, double eps = 1e-05, bool affine = true, Device? device = null, ScalarType? dtype = null) =>
                new(num_groups, num_channels, eps, affine, device, dtype);

            public static LayerNorm LayerNorm(
                long[] normalized_shape, double eps = 1e-05, bool elementwise_affine = true, bool bias = true, Device? device = null,
                ScalarType? dtype = null) =>
                new(normalized_shape, eps, elementwise_affine, bias, device, dtype);

            public static LayerNorm LayerNorm(
                long normalized_shape, double eps = 1e-05, bool elementwise_affine = true, bool bias = true, Device? device = null,
                ScalarType? dtype = null) =>
                new([normalized_shape], eps, elementwise_affine, bias, device, dtype);

            public static BatchNorm2d BatchNorm2d(
                long num_features, double eps = 1e-05, double momentum = 0.1, bool affine = true, bool track_running_stats = true, Device? device = null,
                ScalarType? dtype = null) =>
                new(num_features, eps, momentum, affine, track_running_stats, device, dtype);
        }
    }
}
