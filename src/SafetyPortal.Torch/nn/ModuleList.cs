using System.Collections;
using System.Globalization;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>A list of modules whose names are their positions: 0, 1, ...</summary>
    public class ModuleList<T> : nn.Module, IList<T>
        where T : nn.Module
    {
        private readonly List<T> items = [];

        public ModuleList(params T[] modules)
            : base("ModuleList") => extend(modules);

        public int Count => items.Count;

        public bool IsReadOnly => false;

        public T this[int index]
        {
            get => items[index];
            set
            {
                ArgumentNullException.ThrowIfNull(value);
                items[index] = value;
                Renumber();
            }
        }

        public void Add(T item)
        {
            register_module(Key(items.Count), item);
            items.Add(item);
        }

        public void append(params T[] parameters) => extend(parameters);

        public void extend(IEnumerable<T> modules)
        {
            foreach (var module in modules)
                Add(module);
        }

        public void Insert(int index, T item)
        {
            ArgumentNullException.ThrowIfNull(item);
            items.Insert(index, item);
            Renumber();
        }

        public void RemoveAt(int index)
        {
            items.RemoveAt(index);
            RemoveChild(Key(items.Count));
            Renumber();
        }

        public bool Remove(T item)
        {
            var index = items.IndexOf(item);
            if (index >= 0)
                RemoveAt(index);
            return index >= 0;
        }

        public void Clear()
        {
            for (var i = 0; i < items.Count; i++)
                RemoveChild(Key(i));
            items.Clear();
        }

        public bool Contains(T item) => items.Contains(item);

        public void CopyTo(T[] array, int arrayIndex) => items.CopyTo(array, arrayIndex);

        public int IndexOf(T item) => items.IndexOf(item);

        public IEnumerator<T> GetEnumerator() => items.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => items.GetEnumerator();

        // Children are registered as they come; the list field is no component.
        protected override void RegisterComponents()
        {
        }

        private void Renumber()
        {
            for (var i = 0; i < items.Count; i++)
                RemoveChild(Key(i));
            for (var i = 0; i < items.Count; i++)
                register_module(Key(i), items[i]);
        }

        private static string Key(int index) => index.ToString(CultureInfo.InvariantCulture);
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static ModuleList<T> ModuleList<T>(params T[] modules)
                where T : Module => new(modules);

            public static ModuleList<Module> ModuleList(params Module[] modules) => new(modules);
        }
    }
}
