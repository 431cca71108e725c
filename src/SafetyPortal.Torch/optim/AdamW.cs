using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>Adam with decoupled weight decay (Loshchilov and Hutter, 2019).</summary>
    public class AdamW : OptimizerHelper, optim.IBetas
    {
        public AdamW(
            IEnumerable<Parameter> parameters, double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-08, double weight_decay = 0,
            bool amsgrad = false, bool maximize = false)
            : this([new ParamGroup(parameters, new Options())], lr, beta1, beta2, eps, weight_decay, amsgrad, maximize)
        {
        }

        /// <summary>Groups with options of their own; what they leave open is as given here.</summary>
        public AdamW(
            IEnumerable<ParamGroup> parameters, double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-08,
            double weight_decay = 0, bool amsgrad = false, bool maximize = false)
            : base(Defaults(lr, beta1, beta2, eps, weight_decay, amsgrad, maximize)) => AddGroups(parameters);

        /// <summary>Decay rates of the first group; setting changes all groups.</summary>
        public (double, double) Betas
        {
            get => _parameter_groups[0].Options is Options options
                ? (options.beta1!.Value, options.beta2!.Value)
                : throw new InvalidOperationException("The first group has foreign options.");
            set
            {
                foreach (var options in _parameter_groups.Select(group => (Options)group.Options))
                    (options.beta1, options.beta2) = value;
            }
        }

        public override Tensor? step(Func<Tensor>? closure = null) => Step(
            group =>
            {
                foreach (var parameter in group.Parameters)
                    AdamStep.Apply(parameter, (State)StateOf(parameter), (Options)group.Options, decoupled: true);
            },
            closure);

        private protected override OptimizerState NewState(Parameter parameter) => new State(parameter);

        private protected override void FillIn(OptimizerOptions options)
        {
            base.FillIn(options);
            ((Options)options).FillInFrom((Options)_defaults);
        }

        private static Options Defaults(double lr, double beta1, double beta2, double eps, double decay, bool amsgrad, bool maximize)
        {
            var options = new Options();
            options.Set(lr, beta1, beta2, eps, decay, amsgrad, maximize);
            return options;
        }

        public class Options : AdamOptions
        {
        }

        public class ParamGroup : ParamGroup<Options>, optim.IBetas
        {
            public ParamGroup()
            {
            }

            public ParamGroup(IEnumerable<Parameter> parameters, Options options)
                : base(parameters, options)
            {
            }

            public ParamGroup(
                IEnumerable<Parameter> parameters, double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-08,
                double weight_decay = 0, bool amsgrad = false, bool maximize = false)
                : base(parameters, Defaults(lr, beta1, beta2, eps, weight_decay, amsgrad, maximize))
            {
            }

            public (double, double) Betas
            {
                get => (((Options)Options).beta1!.Value, ((Options)Options).beta2!.Value);
                set => (((Options)Options).beta1, ((Options)Options).beta2) = value;
            }
        }

        public sealed class State : AdamState
        {
            public State(Parameter parameter)
                : base(parameter)
            {
            }
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class optim
        {
            /// <inheritdoc cref="Modules.AdamW"/>
            /// <param name="parameters">What to train.</param>
            /// <param name="lr">Learning rate.</param>
            /// <param name="beta1">Decay rate of the mean gradient.</param>
            /// <param name="beta2">Decay rate of the mean squared gradient.</param>
            /// <param name="eps">Added to the denominator.</param>
            /// <param name="weight_decay">Share of a weight that each unit of learning rate removes.</param>
            /// <param name="amsgrad">Divide by the largest mean square so far.</param>
            /// <param name="maximize">Climb instead of descend.</param>
            public static AdamW AdamW(
                IEnumerable<Parameter> parameters, double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-08,
                double weight_decay = 0, bool amsgrad = false, bool maximize = false) =>
                new(parameters, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);

            public static AdamW AdamW(
                IEnumerable<(string name, Parameter parameter)> parameters, double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999,
                double eps = 1e-08, double weight_decay = 0, bool amsgrad = false, bool maximize = false) =>
                new(parameters.Select(item => item.parameter), lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);

            public static AdamW AdamW(
                IEnumerable<AdamW.ParamGroup> parameters, double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-08,
                double weight_decay = 0, bool amsgrad = false, bool maximize = false) =>
                new(parameters, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);
        }
    }
}
