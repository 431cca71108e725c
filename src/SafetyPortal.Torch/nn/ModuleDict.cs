using System.Collections;
using System.Diagnostics.CodeAnalysis;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>Modules by name, in the order they were added.</summary>
    public class ModuleDict<T> : nn.Module, IEnumerable<(string, T)>
        where T : nn.Module
    {
        private readonly List<(string Key, T Value)> entries = [];

        public ModuleDict()
            : base("ModuleDict")
        {
        }

        public int Count => entries.Count;

        public ICollection<string> Keys => entries.ConvertAll(entry => entry.Key);

        public ICollection<T> Values => entries.ConvertAll(entry => entry.Value);

        public T this[string key]
        {
            get => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"No module is called {key}.");
            set
            {
                Remove(key);
                Add(key, value);
            }
        }

        public void Add(string key, T value)
        {
            register_module(key, value);
            entries.Add((key, value));
        }

        public void Add((string, T) item) => Add(item.Item1, item.Item2);

        public bool Remove(string key)
        {
            RemoveChild(key);
            return entries.RemoveAll(entry => entry.Key == key) > 0;
        }

        public void Clear()
        {
            foreach (var (key, _) in entries)
                RemoveChild(key);
            entries.Clear();
        }

        public void clear() => Clear();

        public bool ContainsKey(string key) => TryGetValue(key, out _);

        public bool TryGetValue(string key, [MaybeNullWhen(false)] out T value)
        {
            var index = entries.FindIndex(entry => entry.Key == key);
            value = index < 0 ? null : entries[index].Value;
            return index >= 0;
        }

        public IEnumerable<string> keys() => entries.Select(entry => entry.Key);

        public IEnumerable<T> values() => entries.Select(entry => entry.Value);

        public IEnumerator<(string, T)> items() => GetEnumerator();

        public IEnumerator<(string, T)> GetEnumerator() => entries.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        // Children are registered as they come; the list field is no component.
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
            public static ModuleDict<T> ModuleDict<T>(params (string, T)[] modules)
                where T : Module
            {
                var dictionary = new ModuleDict<T>();
                foreach (var item in modules)
                    dictionary.Add(item);
                return dictionary;
            }

            public static ModuleDict<Module> ModuleDict(params (string, Module)[] modules) => ModuleDict<Module>(modules);
        }
    }
}
