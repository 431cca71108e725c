namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        /// <summary>Change an optimizer's learning rates as training goes on.</summary>
        public static class lr_scheduler
        {
            /// <summary>Each group's rate is its initial rate times <paramref name="lr_lambda"/> of the number of steps taken.</summary>
            /// <param name="optimizer">Whose rates to set.</param>
            /// <param name="lr_lambda">Factor by step, from 0.</param>
            /// <param name="last_epoch">Steps taken before, less one; -1 at the start.</param>
            /// <param name="verbose">Has no effect.</param>
            public static LRScheduler LambdaLR(Optimizer optimizer, Func<int, double> lr_lambda, int last_epoch = -1, bool verbose = false) =>
                new impl.LambdaLR(optimizer, lr_lambda, last_epoch, verbose);

            /// <summary>From the initial rate to <paramref name="eta_min"/> along half a cosine of <paramref name="T_max"/> steps.</summary>
            public static LRScheduler CosineAnnealingLR(
                Optimizer optimizer, double T_max, double eta_min = 0, int last_epoch = -1, bool verbose = false) =>
                new impl.CosineAnnealingLR(optimizer, T_max, eta_min, last_epoch, verbose);

            /// <summary>Times <paramref name="gamma"/> every <paramref name="step_size"/> steps.</summary>
            public static LRScheduler StepLR(Optimizer optimizer, int step_size, double gamma = 0.1, int last_epoch = -1, bool verbose = false) =>
                new impl.StepLR(optimizer, step_size, gamma, last_epoch, verbose);

            /// <summary>Sets the rates of a given step: at construction those of the first, then one further at each <see cref="step()"/>.</summary>
            public abstract class LRScheduler
            {
                private readonly List<ILearningRateController> groups;
                private readonly List<double> initial;

                private protected LRScheduler(Optimizer optimizer, int last_epoch)
                {
                    ArgumentNullException.ThrowIfNull(optimizer);
                    groups = optimizer.ParamGroups.ToList();
                    if (last_epoch == -1)
                        groups.ForEach(group => group.InitialLearningRate = group.LearningRate);
                    initial = groups.ConvertAll(group => group.InitialLearningRate);
                    Epoch = last_epoch;
                }

                private protected int Epoch { get; private set; }

                public IEnumerable<double> get_last_lr() => groups.Select(group => group.LearningRate);

                public virtual void step() => GoTo(Epoch + 1);

                /// <summary>Goes to a step by its number; null goes one further.</summary>
                public virtual void step(int? epoch) => GoTo(epoch ?? (Epoch + 1));

                private protected void GoTo(int epoch)
                {
                    Epoch = epoch;
                    for (var i = 0; i < groups.Count; i++)
                        groups[i].LearningRate = Rate(initial[i], i);
                }

                /// <summary>The rate of a group at <see cref="Epoch"/>.</summary>
                private protected abstract double Rate(double initialRate, int group);
            }

            public static class impl
            {
                public class LambdaLR : LRScheduler
                {
                    private readonly Func<int, double>[] factors;

                    public LambdaLR(Optimizer optimizer, Func<int, double> lr_lambda, int last_epoch = -1, bool verbose = false)
                        : this(optimizer, optimizer.ParamGroups.Select(_ => lr_lambda), last_epoch, verbose)
                    {
                    }

                    /// <summary>A factor per group.</summary>
                    public LambdaLR(Optimizer optimizer, IEnumerable<Func<int, double>> lr_lambdas, int last_epoch = -1, bool verbose = false)
                        : base(optimizer, last_epoch)
                    {
                        factors = lr_lambdas.ToArray();
                        GoTo(Epoch + 1);
                    }

                    private protected override double Rate(double initialRate, int group) => initialRate * factors[group](Epoch);
                }

                public class CosineAnnealingLR : LRScheduler
                {
                    private readonly double steps;
                    private readonly double least;

                    public CosineAnnealingLR(Optimizer optimizer, double T_max, double eta_min = 0, int last_epoch = -1, bool verbose = false)
                        : base(optimizer, last_epoch)
                    {
                        (steps, least) = (T_max, eta_min);
                        GoTo(Epoch + 1);
                    }

                    private protected override double Rate(double initialRate, int group) =>
                        least + ((initialRate - least) * (1 + Math.Cos(Math.PI * Epoch / steps)) / 2);
                }

                public class StepLR : LRScheduler
                {
                    private readonly int size;
                    private readonly double gamma;

                    public StepLR(Optimizer optimizer, int step_size, double gamma = 0.1, int last_epoch = -1, bool verbose = false)
                        : base(optimizer, last_epoch)
                    {
                        (size, this.gamma) = (step_size, gamma);
                        GoTo(Epoch + 1);
                    }

                    private protected override double Rate(double initialRate, int group) => initialRate * Math.Pow(gamma, Epoch / size);
                }
            }
        }
    }
}
