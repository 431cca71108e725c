using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>A layer that is a function of its input alone.</summary>
    public abstract class ParameterLessModule : nn.Module<Tensor, Tensor>
    {
        private protected ParameterLessModule(string name)
            : base(name)
        {
        }

        protected override void RegisterComponents()
        {
        }
    }

    public sealed class SiLU : ParameterLessModule
    {
        private readonly bool inplace;

        internal SiLU(bool inplace)
            : base(nameof(SiLU)) => this.inplace = inplace;

        public override Tensor forward(Tensor input) => nn.functional.silu(input, inplace);
    }

    public sealed class GELU : ParameterLessModule
    {
        private readonly Approximate approximate;
        private readonly bool inplace;

        internal GELU(Approximate approximate, bool inplace)
            : base(nameof(GELU)) => (this.approximate, this.inplace) = (approximate, inplace);

        /// <summary>How the normal distribution is computed.</summary>
        public enum Approximate
        {
            none = 0,
            tanh = 1,
        }

        public override Tensor forward(Tensor input) => nn.functional.gelu(input, approximate, inplace);
    }

    public sealed class ReLU : ParameterLessModule
    {
        private readonly bool inplace;

        internal ReLU(bool inplace)
            : base(nameof(ReLU)) => this.inplace = inplace;

        public override Tensor forward(Tensor input) => nn.functional.relu(input, inplace);
    }

    public sealed class Sigmoid : ParameterLessModule
    {
        private readonly bool inplace;

        internal Sigmoid(bool inplace)
            : base(nameof(Sigmoid)) => this.inplace = inplace;

        public override Tensor forward(Tensor input) => nn.functional.sigmoid(input, inplace);
    }

    public sealed class Tanh : ParameterLessModule
    {
        private readonly bool inplace;

        internal Tanh(bool inplace)
            : base(nameof(Tanh)) => this.inplace = inplace;

        public override Tensor forward(Tensor input) => nn.functional.tanh(input, inplace);
    }

    public sealed class Softmax : ParameterLessModule
    {
        private readonly long dim;

        internal Softmax(long dim)
            : base(nameof(Softmax)) => this.dim = dim;

        public override Tensor forward(Tensor input) => input.softmax(dim);
    }

    /// <summary>Gives its input back, as a tensor object of its own.</summary>
    public sealed class Identity : ParameterLessModule
    {
        internal Identity()
            : base(nameof(Identity))
        {
        }

        public override Tensor forward(Tensor input) => input.alias();
    }

    public sealed class Dropout : ParameterLessModule
    {
        private readonly double p;
        private readonly bool inplace;

        internal Dropout(double p, bool inplace)
            : base(nameof(Dropout))
        {
            if (p is not (>= 0 and <= 1))
                throw new ArgumentOutOfRangeException(nameof(p), p, "Expected a probability.");
            (this.p, this.inplace) = (p, inplace);
        }

        public override Tensor forward(Tensor tensor) => training ? nn.functional.dropout(tensor, p, true, inplace) : tensor.alias();
    }

    public sealed class Flatten : ParameterLessModule
    {
        private readonly long start;
        private readonly long end;

        internal Flatten(long start, long end)
            : base(nameof(Flatten)) => (this.start, this.end) = (start, end);

        public override Tensor forward(Tensor input) => input.flatten(start, end);
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static SiLU SiLU() => new(inplace: false);

            public static SiLU SiLU(bool inplace) => new(inplace);

            public static GELU GELU() => new(Modules.GELU.Approximate.none, inplace: false);

            public static GELU GELU(bool inplace) => new(Modules.GELU.Approximate.none, inplace);

            public static GELU GELU(GELU.Approximate approximate, bool inplace = false) => new(approximate, inplace);

            public static ReLU ReLU(bool inplace = false) => new(inplace);

            public static Sigmoid Sigmoid() => new(inplace: false);

            public static Sigmoid Sigmoid(bool inplace) => new(inplace);

            public static Tanh Tanh(bool inplace = false) => new(inplace);

            public static Softmax Softmax(long dim) => new(dim);

            public static Identity Identity() => new();

            public static Dropout Dropout(double p = 0.5, bool inplace = false) => new(p, inplace);

            public static Flatten Flatten(long start_dim = 1, long end_dim = -1) => new(start_dim, end_dim);
        }
    }
}
