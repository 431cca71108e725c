using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        // The module tree and the state it holds.
        public partial class Module
        {
            /// <summary>Direct children in the order of registration.</summary>
            public virtual IEnumerable<(string name, Module module)> named_children() => submodules.Select(child => (child.Key, child.Value));

            public virtual IEnumerable<Module> children() => submodules.Values;

            /// <summary>All descendants with their dotted names, children before grandchildren; the module itself is not among them.</summary>
            public virtual IEnumerable<(string name, Module module)> named_modules()
            {
                foreach (var (childName, child) in submodules)
                    yield return (childName, child);
                foreach (var (childName, child) in submodules)
                {
                    foreach (var (descendantName, descendant) in child.named_modules())
                        yield return ($"{childName}.{descendantName}", descendant);
                }
            }

            public virtual IEnumerable<Module> modules() => named_modules().Select(item => item.module);

            /// <summary>Parameters with their dotted names, own ones first; one that is shared appears once, under its first name.</summary>
            public virtual IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true) =>
                Walk(recurse, module => module.ownParameters.Select(item => (item.Key, item.Value)));

            public virtual IEnumerable<Parameter> parameters(bool recurse = true) => named_parameters(recurse).Select(item => item.parameter);

            /// <summary>Buffers with their dotted names, own ones first.</summary>
            public virtual IEnumerable<(string name, Tensor buffer)> named_buffers(bool recurse = true, bool include_nonpersistent = true) =>
                Walk(recurse, module => module.ownBuffers
                    .Where(item => include_nonpersistent || !module.nonPersistent.Contains(item.Key))
                    .Select(item => (item.Key, item.Value)));

            public virtual IEnumerable<Tensor> buffers(bool recurse = true, bool include_nonpersistent = true) =>
                named_buffers(recurse, include_nonpersistent).Select(item => item.buffer);

            public virtual bool has_parameter(string target) => get_parameter(target) is not null;

            public virtual bool has_buffer(string target) => get_buffer(target) is not null;

            /// <summary>The parameter of a dotted name, or null.</summary>
            public virtual Parameter? get_parameter(string target)
            {
                var (owner, leaf) = Owner(target);
                return owner?.ownParameters.GetValueOrDefault(leaf);
            }

            /// <summary>The buffer of a dotted name, or null.</summary>
            public virtual Tensor? get_buffer(string target)
            {
                var (owner, leaf) = Owner(target);
                return owner?.ownBuffers.GetValueOrDefault(leaf);
            }

            /// <summary>
            /// Parameters and persistent buffers under their dotted names. The tensors are the module's own, not copies.
            /// A parameter shared by two modules appears under both names.
            /// </summary>
            /// <param name="destination">Where to add the entries; null makes a new dictionary.</param>
            /// <param name="prefix">Put before each name, with a dot.</param>
            public virtual Dictionary<string, Tensor> state_dict(Dictionary<string, Tensor>? destination = null, string? prefix = null)
            {
                destination ??= new Dictionary<string, Tensor>(StringComparer.Ordinal);
                foreach (var (key, parameter) in ownParameters)
                    destination.TryAdd(Join(prefix, key), parameter);
                foreach (var (key, buffer) in ownBuffers)
                {
                    if (!nonPersistent.Contains(key))
                        destination.TryAdd(Join(prefix, key), buffer);
                }

                foreach (var (key, child) in submodules)
                    child.state_dict(destination, Join(prefix, key));
                return destination;
            }

            /// <summary>Copies values into the module's parameters and persistent buffers, converting type and device to theirs.</summary>
            /// <param name="source">Tensors by dotted name.</param>
            /// <param name="strict">Refuse when names are missing or unexpected.</param>
            /// <param name="skip">Names to leave out on either side.</param>
            /// <exception cref="InvalidOperationException">Names differ and <paramref name="strict"/> is set; nothing has been copied.</exception>
            /// <exception cref="ArgumentException">A shape differs; nothing has been copied.</exception>
            public virtual (IList<string> missing_keys, IList<string> unexpected_keyes) load_state_dict(
                Dictionary<string, Tensor> source, bool strict = true, IList<string>? skip = null)
            {
                ArgumentNullException.ThrowIfNull(source);
                bool Skipped(string key) => skip is not null && skip.Contains(key);
                var destination = state_dict();
                var missing = destination.Keys.Where(key => !source.ContainsKey(key) && !Skipped(key)).ToList();
                var unexpected = source.Keys.Where(key => !destination.ContainsKey(key) && !Skipped(key)).ToList();
                if (strict && missing.Count + unexpected.Count > 0)
                {
                    throw new InvalidOperationException(
                        $"The state does not fit {name}: missing [{string.Join(", ", missing)}], unexpected [{string.Join(", ", unexpected)}].");
                }

                var shared = destination.Where(item => source.ContainsKey(item.Key) && !Skipped(item.Key)).ToList();
                foreach (var (key, target) in shared)
                {
                    if (!target.shape.AsSpan().SequenceEqual(source[key].shape))
                    {
                        throw new ArgumentException(
                            $"{key} has shape [{string.Join(", ", target.shape)}], the state has [{string.Join(", ", source[key].shape)}].", nameof(source));
                    }
                }

                using var inference = no_grad();
                foreach (var (key, target) in shared)
                    target.copy_(source[key]);
                return (missing, unexpected);
            }

            private IEnumerable<(string, T)> Walk<T>(bool recurse, Func<Module, IEnumerable<(string, T)>> own)
                where T : class
            {
                var seen = new HashSet<T>(ReferenceEqualityComparer.Instance);
                return WalkAll(this, prefix: null);

                IEnumerable<(string, T)> WalkAll(Module module, string? prefix)
                {
                    foreach (var (key, item) in own(module))
                    {
                        if (seen.Add(item))
                            yield return (Join(prefix, key), item);
                    }

                    if (!recurse)
                        yield break;
                    foreach (var (key, child) in module.submodules)
                    {
                        foreach (var item in WalkAll(child, Join(prefix, key)))
                            yield return item;
                    }
                }
            }

            private (Module? Owner, string Leaf) Owner(string target)
            {
                ArgumentNullException.ThrowIfNull(target);
                var parts = target.Split('.');
                var owner = this;
                foreach (var part in parts.AsSpan(0, parts.Length - 1))
                {
                    if (!owner.submodules.TryGetValue(part, out var child))
                        return (null, target);
                    owner = child;
                }

                return (owner, parts[^1]);
            }

            private static string Join(string? prefix, string key) => string.IsNullOrEmpty(prefix) ? key : $"{prefix}.{key}";
        }
    }
}
