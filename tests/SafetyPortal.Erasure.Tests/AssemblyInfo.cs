// Several tests compare the number of live tensors in the process before and after, which another test must not change meanwhile.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
