namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>A module whose <c>call</c> runs hooks before and after <c>forward</c>, in the order of their registration.</summary>
        public class HookableModule<TPreHook, TPostHook> : Module
        {
            private readonly List<(object Key, TPreHook Hook)> preHooks = [];
            private readonly List<(object Key, TPostHook Hook)> postHooks = [];

            protected HookableModule(string name)
                : base(name)
            {
            }

            /// <summary>Hooks that see, and may replace, the input.</summary>
            protected IEnumerable<TPreHook> pre_hooks => preHooks.Select(item => item.Hook);

            /// <summary>Hooks that see input and output and may replace the output.</summary>
            protected IEnumerable<TPostHook> post_hooks => postHooks.Select(item => item.Hook);

            public HookRemover register_forward_pre_hook(TPreHook hook)
            {
                var key = new object();
                preHooks.Add((key, hook));
                return new HookRemover(this, key);
            }

            public HookRemover register_forward_hook(TPostHook hook)
            {
                var key = new object();
                postHooks.Add((key, hook));
                return new HookRemover(this, key);
            }

            /// <summary>Takes one hook off again.</summary>
            public class HookRemover
            {
                private readonly HookableModule<TPreHook, TPostHook> module;
                private readonly object key;

                internal HookRemover(HookableModule<TPreHook, TPostHook> module, object key)
                {
                    this.module = module;
                    this.key = key;
                }

                public void remove()
                {
                    module.preHooks.RemoveAll(item => ReferenceEquals(item.Key, key));
                    module.postHooks.RemoveAll(item => ReferenceEquals(item.Key, key));
                }
            }
        }

        /// <summary>Anything that maps one input to one output.</summary>
        public interface IModule<T, TResult>
        {
            TResult call(T input1);
        }

        public interface IModule<T1, T2, TResult>
        {
            TResult call(T1 input1, T2 input2);
        }

        public interface IModule<T1, T2, T3, TResult>
        {
            TResult call(T1 input1, T2 input2, T3 input3);
        }

        /// <summary>A module of one input. Callers use <see cref="call"/>, which runs hooks; <see cref="forward"/> does not.</summary>
        public abstract class Module<T, TResult>
            : HookableModule<Func<Module<T, TResult>, T, T>, Func<Module<T, TResult>, T, TResult, TResult>>, IModule<T, TResult>
        {
            protected Module(string name)
                : base(name)
            {
            }

            public abstract TResult forward(T input);

            public TResult call(T input)
            {
                foreach (var hook in pre_hooks)
                    input = hook(this, input) ?? input;
                var result = forward(input);
                foreach (var hook in post_hooks)
                    result = hook(this, input, result) ?? result;
                return result;
            }
        }

        /// <summary>A module of two inputs.</summary>
        public abstract class Module<T1, T2, TResult>
            : HookableModule<Func<Module<T1, T2, TResult>, T1, T2, (T1, T2)?>, Func<Module<T1, T2, TResult>, T1, T2, TResult, TResult>>,
                IModule<T1, T2, TResult>
        {
            protected Module(string name)
                : base(name)
            {
            }

            public abstract TResult forward(T1 input1, T2 input2);

            public TResult call(T1 input1, T2 input2)
            {
                foreach (var hook in pre_hooks)
                    (input1, input2) = hook(this, input1, input2) ?? (input1, input2);
                var result = forward(input1, input2);
                foreach (var hook in post_hooks)
                    result = hook(this, input1, input2, result) ?? result;
                return result;
            }
        }

        /// <summary>A module of three inputs.</summary>
        public abstract class Module<T1, T2, T3, TResult>
            : HookableModule<Func<Module<T1, T2, T3, TResult>, T1, T2, T3, (T1, T2, T3)?>, Func<Module<T1, T2, T3, TResult>, T1, T2, T3, TResult, TResult>>,
                IModule<T1, T2, T3, TResult>
        {
            protected Module(string name)
                : base(name)
            {
            }

            public abstract TResult forward(T1 input1, T2 input2, T3 input3);

            public TResult call(T1 input1, T2 input2, T3 input3)
            {
                foreach (var hook in pre_hooks)
                    (input1, input2, input3) = hook(this, input1, input2, input3) ?? (input1, input2, input3);
                var result = forward(input1, input2, input3);
                foreach (var hook in post_hooks)
                    result = hook(this, input1, input2, input3, result) ?? result;
                return result;
            }
        }
    }
}
