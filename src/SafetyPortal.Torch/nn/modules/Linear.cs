using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>y = x W^T + b over the last dimension.</summary>
    public sealed class Linear : nn.Module<Tensor, Tensor>
    {
        private Parameter _weight;
        private Parameter? _bias;

        internal Linear(Parameter weight, Parameter? bias)
            : base(nameof(Linear))
        {
            _weight = weight;
            _bias = bias;
            register_parameter(nameof(weight), weight);
            if (bias is not null)
                register_parameter(nameof(bias), bias);
            (out_features, in_features) = (weight.size(0), weight.size(1));
        }

        /// <summary>[out, in].</summary>
        public Parameter weight
        {
            get => _weight;
            set => ReplaceParameter(nameof(weight), _weight = value);
        }

        /// <summary>[out], or null.</summary>
        public Parameter? bias
        {
            get => _bias;
            set => ReplaceParameter(nameof(bias), _bias = value);
        }

        public long in_features { get; set; }

        public long out_features { get; set; }

        public override Tensor forward(Tensor tensor) => nn.functional.linear(tensor, _weight, _bias);

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
            /// <summary>A linear layer; weight and bias start uniform within 1 / sqrt(inputSize).</summary>
            public static Linear Linear(long inputSize, long outputSize, bool hasBias = true, Device? device = null, ScalarType? dtype = null)
            {
                var weight = new Parameter(empty([outputSize, inputSize], dtype: dtype, device: device));
                var bias = hasBias ? new Parameter(empty([outputSize], dtype: dtype, device: device)) : null;
                init.DefaultLinear(weight, bias);
                return new Linear(weight, bias);
            }

            public static Linear Linear(Parameter weight, Parameter? bias = null) => new(weight, bias);
        }
    }
}
