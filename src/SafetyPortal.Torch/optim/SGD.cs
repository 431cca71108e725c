using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>Stochastic gradient descent, with momentum as PyTorch defines it.</summary>
    public class SGD : OptimizerHelper, optim.IMomentum
    {
        public SGD(
            IEnumerable<Parameter> parameters, double lr, double momentum = 0, double dampening = 0, double weight_decay = 0, bool nesterov = false,
            bool maximize = false)
            : this([new ParamGroup(parameters, new Options())], lr, momentum, dampening, weight_decay, nesterov, maximize)
        {
        }

        /// <summary>Groups with options of their own; what they leave open is as given here.</summary>
        public SGD(
            IEnumerable<ParamGroup> parameters, double lr, double momentum = 0, double dampening = 0, double weight_decay = 0, bool nesterov = false,
            bool maximize = false)
            : base(Defaults(lr, momentum, dampening, weight_decay, nesterov, maximize)) => AddGroups(parameters);

        /// <summary>Momentum of the first group; setting changes all groups.</summary>
        public double Momentum
        {
            get => ((Options)_parameter_groups[0].Options).momentum!.Value;
            set
            {
                foreach (var options in _parameter_groups.Select(group => (Options)group.Options))
                    options.momentum = value;
            }
        }

        public override Tensor? step(Func<Tensor>? closure = null) => Step(
            group =>
            {
                foreach (var parameter in group.Parameters)
                    Update(parameter, (State)StateOf(parameter), (Options)group.Options);
            },
            closure);

        private protected override OptimizerState NewState(Parameter parameter) => new State(parameter);

        private protected override void FillIn(OptimizerOptions options)
        {
            base.FillIn(options);
            var (own, defaults) = ((Options)options, (Options)_defaults);
            own.momentum ??= defaults.momentum;
            own.dampening ??= defaults.dampening;
            own.weight_decay ??= defaults.weight_decay;
            own.nesterov ??= defaults.nesterov;
            own.maximize ??= defaults.maximize;
        }

        private static void Update(Parameter parameter, State state, Options options)
        {
            var gradient = parameter.grad;
            if (gradient is null)
                return;
            if (options.maximize!.Value)
                gradient = gradient.neg();
            if (options.weight_decay!.Value != 0)
                gradient = gradient.add(parameter, alpha: options.weight_decay.Value);
            if (options.momentum!.Value != 0)
            {
                if (state.momentum_buffer is null)
                    state.momentum_buffer = gradient.clone().DetachFromDisposeScope();
                else
                    state.momentum_buffer.mul_(options.momentum.Value).add_(gradient, alpha: 1 - options.dampening!.Value);
                gradient = options.nesterov!.Value
                    ? gradient.add(state.momentum_buffer, alpha: options.momentum.Value)
                    : state.momentum_buffer;
            }

            parameter.add_(gradient, alpha: -options.LearningRate!.Value);
        }

        private static Options Defaults(double lr, double momentum, double dampening, double decay, bool nesterov, bool maximize)
        {
            if (lr < 0 || momentum < 0 || decay < 0)
                throw new ArgumentOutOfRangeException(nameof(lr), $"Learning rate {lr}, momentum {momentum} and weight decay {decay} must not be negative.");
            if (nesterov && (momentum == 0 || dampening != 0))
                throw new ArgumentException("Nesterov momentum needs a momentum and no dampening.", nameof(nesterov));
            return new Options
            {
                LearningRate = lr,
                InitialLearningRate = lr,
                momentum = momentum,
                dampening = dampening,
                weight_decay = decay,
                nesterov = nesterov,
                maximize = maximize,
            };
        }

        public class Options : OptimizerOptions
        {
            public double? momentum;
            public double? dampening;
            public double? weight_decay;
            public bool? nesterov;
            public bool? maximize;

            public override void LoadStateDict(OptimizerOptions source)
            {
                var other = SameKind<Options>(source);
                LoadRates(other);
                (momentum, dampening, weight_decay) = (other.momentum, other.dampening, other.weight_decay);
                (nesterov, maximize) = (other.nesterov, other.maximize);
            }

            public override void LoadStateDict(BinaryReader reader)
            {
                LoadRates(reader);
                (momentum, dampening, weight_decay) = (reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble());
                (nesterov, maximize) = (reader.ReadBoolean(), reader.ReadBoolean());
            }

            public override void SaveStateDict(BinaryWriter writer)
            {
                SaveRates(writer);
                writer.Write(momentum!.Value);
                writer.Write(dampening!.Value);
                writer.Write(weight_decay!.Value);
                writer.Write(nesterov!.Value);
                writer.Write(maximize!.Value);
            }
        }

        public class ParamGroup : ParamGroup<Options>
        {
            public ParamGroup()
            {
            }

            public ParamGroup(IEnumerable<Parameter> parameters, Options options)
                : base(parameters, options)
            {
            }

            public ParamGroup(
                IEnumerable<Parameter> parameters, double lr = 0.001, double momentum = 0, double dampening = 0, double weight_decay = 0,
                bool nesterov = false, bool maximize = false)
                : base(parameters, Defaults(lr, momentum, dampening, weight_decay, nesterov, maximize))
            {
            }
        }

        public sealed class State : OptimizerState
        {
            /// <summary>Running sum of gradients, or null before the first step with momentum.</summary>
            public Tensor? momentum_buffer;

            public State(Parameter parameter)
                : base(parameter)
            {
            }

            public override void Initialize(OptimizerOptions options) => Dispose(true);

            public override void LoadStateDict(OptimizerState source)
            {
                if (source is not State other)
                    throw new ArgumentException($"Expected a momentum, got {source?.GetType().Name}.", nameof(source));
                Load(other.momentum_buffer, ref momentum_buffer);
            }

            public override void LoadStateDict(BinaryReader reader) => Load(reader, ref momentum_buffer);

            public override void SaveStateDict(BinaryWriter writer) => Save(writer, momentum_buffer);

            public override bool ApproximatelyEquals(OptimizerState other) => other is State same
                && (momentum_buffer is null ? same.momentum_buffer is null : same.momentum_buffer is { } buffer && momentum_buffer.allclose(buffer));

            public override void to(Device device)
            {
                if (momentum_buffer is null)
                    return;
                using var moved = momentum_buffer.to(device);
                Parameter.Replace(momentum_buffer, moved);
            }

            protected override void Dispose(bool disposing)
            {
                if (!disposing)
                    return;
                momentum_buffer?.Dispose();
                momentum_buffer = null;
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
            /// <inheritdoc cref="Modules.SGD"/>
            public static SGD SGD(
                IEnumerable<Parameter> parameters, double learningRate, double momentum = 0, double dampening = 0, double weight_decay = 0,
                bool nesterov = false, bool maximize = false) =>
                new(parameters, learningRate, momentum, dampening, weight_decay, nesterov, maximize);

            public static SGD SGD(
                IEnumerable<(string name, Parameter parameter)> parameters, double learningRate, double momentum = 0, double dampening = 0,
                double weight_decay = 0, bool nesterov = false, bool maximize = false) =>
                new(parameters.Select(item => item.parameter), learningRate, momentum, dampening, weight_decay, nesterov, maximize);

            public static SGD SGD(
                IEnumerable<SGD.ParamGroup> parameters, double learningRate, double momentum = 0, double dampening = 0, double weight_decay = 0,
                bool nesterov = false, bool maximize = false) =>
                new(parameters, learningRate, momentum, dampening, weight_decay, nesterov, maximize);
        }
    }
}
