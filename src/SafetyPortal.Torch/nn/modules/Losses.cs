using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    public sealed class MSELoss : nn.Module<Tensor, Tensor, Tensor>
    {
        private readonly nn.Reduction reduction;

        internal MSELoss(nn.Reduction reduction)
            : base(nameof(MSELoss)) => this.reduction = reduction;

        public override Tensor forward(Tensor input, Tensor target) => nn.functional.mse_loss(input, target, reduction);
    }

    public sealed class CrossEntropyLoss : nn.Module<Tensor, Tensor, Tensor>
    {
        private readonly long ignore;
        private readonly nn.Reduction reduction;
        private readonly Tensor? weight;

        internal CrossEntropyLoss(Tensor? weight, long ignore, nn.Reduction reduction)
            : base(nameof(CrossEntropyLoss))
        {
            (this.ignore, this.reduction, this.weight) = (ignore, reduction, weight);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input, Tensor target) =>
            nn.functional.cross_entropy(input, target, weight, ignore, reduction);
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static MSELoss MSELoss(Reduction reduction = Reduction.Mean) => new(reduction);

            public static CrossEntropyLoss CrossEntropyLoss(Tensor? weight = null, long? ignore_index = null, Reduction reduction = Reduction.Mean) =>
                new(weight, ignore_index ?? -100, reduction);
        }
    }
}
