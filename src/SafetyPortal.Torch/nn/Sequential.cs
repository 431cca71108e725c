using System.Globalization;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>Feeds each module the output of the one before it. Unnamed children are called 0, 1, ...</summary>
    public class Sequential : nn.Module<Tensor, Tensor>
    {
        private readonly List<nn.IModule<Tensor, Tensor>> steps = [];

        internal Sequential(IEnumerable<(string Name, nn.IModule<Tensor, Tensor> Module)> modules)
            : base(nameof(Sequential))
        {
            foreach (var (childName, module) in modules)
                append(childName, module);
        }

        public int Count => steps.Count;

        public nn.IModule<Tensor, Tensor> this[int index] => steps[index];

        public Sequential append(nn.IModule<Tensor, Tensor> module) =>
            append(steps.Count.ToString(CultureInfo.InvariantCulture), module);

        public Sequential append(string name, nn.IModule<Tensor, Tensor> module)
        {
            if (module is not nn.Module child)
                throw new ArgumentException($"Expected a module, got {module?.GetType().Name ?? "null"}.", nameof(module));
            register_module(name, child);
            steps.Add(module);
            return this;
        }

        public override Tensor forward(Tensor tensor)
        {
            if (steps.Count == 0)
                return tensor.alias();
            var current = tensor;
            foreach (var step in steps)
            {
                var next = step.call(current);
                if (!ReferenceEquals(current, tensor) && !ReferenceEquals(current, next))
                    current.Dispose();
                current = next;
            }

            return current;
        }

        // The steps are registered as they come; the list field is no component.
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
            public static Sequential Sequential() => new([]);

            public static Sequential Sequential(params (string name, Module<Tensor, Tensor> submodule)[] modules) =>
                new(modules.Select(item => (item.name, (IModule<Tensor, Tensor>)item.submodule)));

            public static Sequential Sequential(IEnumerable<(string name, Module<Tensor, Tensor> submodule)> modules) =>
                new(modules.Select(item => (item.name, (IModule<Tensor, Tensor>)item.submodule)));

            public static Sequential Sequential(params Module<Tensor, Tensor>[] modules) => Sequential((IEnumerable<Module<Tensor, Tensor>>)modules);

            public static Sequential Sequential(IEnumerable<Module<Tensor, Tensor>> modules) =>
                new(modules.Select((module, index) => (index.ToString(CultureInfo.InvariantCulture), (IModule<Tensor, Tensor>)module)));
        }
    }
}
