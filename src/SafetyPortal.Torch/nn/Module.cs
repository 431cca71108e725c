using System.Reflection;
using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>
        /// Base of every network. A module owns parameters, buffers and child modules under the names of its fields;
        /// together they form the dotted names of a checkpoint.
        /// </summary>
        /// <remarks>
        /// Call <see cref="RegisterComponents"/> last in the constructor. Whatever is registered leaves its dispose scope and lives
        /// until the module is disposed.
        /// </remarks>
        public partial class Module : IDisposable
        {
            // Removing and adding must keep the order, which a Dictionary does not.
            private readonly OrderedDictionary<string, Module> submodules = new(StringComparer.Ordinal);
            private readonly Dictionary<string, Parameter> ownParameters = new(StringComparer.Ordinal);
            private readonly Dictionary<string, Tensor> ownBuffers = new(StringComparer.Ordinal);
            private readonly HashSet<string> nonPersistent = new(StringComparer.Ordinal);
            private bool componentsRegistered;

            protected string name;

            protected Module(string name) => this.name = name;

            /// <summary>Whether layers that behave differently in training (dropout, batch norm) do so.</summary>
            public bool training { get; private set; } = true;

            public virtual string GetName() => name;

            /// <summary>
            /// Registers every field that holds a module, parameter or tensor (as a buffer) under the field's name, in the order
            /// of declaration. Fields that are null are left out. Calling it again has no effect.
            /// </summary>
            protected virtual void RegisterComponents()
            {
                if (componentsRegistered)
                    return;
                componentsRegistered = true;
                foreach (var field in GetType().GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance))
                {
                    switch (field.GetValue(this))
                    {
                        case Module module:
                            if (!submodules.TryGetValue(field.Name, out var known) || !ReferenceEquals(known, module))
                                register_module(field.Name, module);
                            break;
                        case Parameter parameter:
                            if (!ownParameters.TryGetValue(field.Name, out var registered) || !ReferenceEquals(registered, parameter))
                                register_parameter(field.Name, parameter);
                            break;
                        case Tensor buffer:
                            if (!ownBuffers.ContainsKey(field.Name))
                                register_buffer(field.Name, buffer);
                            break;
                    }
                }
            }

            /// <summary>Adds a child under a name without dots.</summary>
            /// <exception cref="ArgumentException">The name is empty or holds a dot.</exception>
            /// <exception cref="InvalidOperationException">The name is taken.</exception>
            public virtual void register_module(string name, Module submodule)
            {
                ArgumentNullException.ThrowIfNull(submodule);
                CheckName(name);
                submodule.RegisterComponents();
                if (!submodules.TryAdd(name, submodule))
                    throw new InvalidOperationException($"The sub-module {name} is already registered.");
            }

            /// <inheritdoc cref="register_module"/>
            public void add_module(string name, Module module) => register_module(name, module);

            /// <summary>Adds a parameter under a name without dots and takes it out of its dispose scope.</summary>
            public virtual void register_parameter(string name, Parameter param)
            {
                ArgumentNullException.ThrowIfNull(param);
                CheckName(name);
                if (!ownParameters.TryAdd(name, param))
                    throw new InvalidOperationException($"The parameter {name} is already registered.");
                param.DetachFromDisposeScope();
            }

            /// <summary>Adds a tensor that belongs to the module's state but is not trained, and takes it out of its dispose scope.</summary>
            /// <param name="name">A name without dots.</param>
            /// <param name="tensor">The buffer.</param>
            /// <param name="persistent">Whether the state dictionary holds it.</param>
            public virtual void register_buffer(string name, Tensor tensor, bool persistent = true)
            {
                ArgumentNullException.ThrowIfNull(tensor);
                CheckName(name);
                if (!ownBuffers.TryAdd(name, tensor))
                    throw new InvalidOperationException($"The buffer {name} is already registered.");
                if (!persistent)
                    nonPersistent.Add(name);
                tensor.DetachFromDisposeScope();
            }

            /// <summary>Switches this module and its descendants between training and evaluation.</summary>
            public virtual void train(bool train = true)
            {
                training = train;
                foreach (var child in submodules.Values)
                    child.train(train);
            }

            /// <summary>Same as <c>train(false)</c>.</summary>
            public virtual void eval() => train(false);

            /// <summary>Applies <paramref name="fn"/> to every descendant and then to this module.</summary>
            public virtual Module apply(Action<Module> fn)
            {
                ArgumentNullException.ThrowIfNull(fn);
                foreach (var child in submodules.Values)
                    child.apply(fn);
                fn(this);
                return this;
            }

            /// <summary>Clears the gradients of all parameters.</summary>
            /// <param name="set_to_none">Drop the gradient tensors instead of filling them with zeros.</param>
            public virtual void zero_grad(bool set_to_none = true)
            {
                foreach (var parameter in parameters())
                    GradientReset.Clear(parameter, set_to_none);
            }

            /// <summary>Disposes parameters, buffers and child modules.</summary>
            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            protected virtual void Dispose(bool disposing)
            {
                if (!disposing)
                    return;
                foreach (var parameter in ownParameters.Values)
                    parameter.Dispose();
                foreach (var buffer in ownBuffers.Values)
                    buffer.Dispose();
                foreach (var child in submodules.Values)
                    child.Dispose();
            }

            /// <summary>Puts a parameter in the place of another of the same name, for modules whose fields are not what is registered.</summary>
            internal void ReplaceParameter(string name, Parameter? value)
            {
                ownParameters.Remove(name);
                if (value is not null)
                    register_parameter(name, value);
            }

            /// <summary>Puts a buffer in the place of another of the same name.</summary>
            internal void ReplaceBuffer(string name, Tensor? value)
            {
                ownBuffers.Remove(name);
                if (value is not null)
                    register_buffer(name, value, !nonPersistent.Contains(name));
            }

            /// <summary>Forgets a child without disposing it.</summary>
            internal void RemoveChild(string name) => submodules.Remove(name);

            private static void CheckName(string name)
            {
                if (string.IsNullOrEmpty(name) || name.Contains('.', StringComparison.Ordinal))
                    throw new ArgumentException($"A component's name is not empty and has no dot, got \"{name}\".", nameof(name));
            }
        }
    }
}
