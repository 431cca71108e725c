// Browsers, portals and libtorch want the whole machine each; side by side they only time each other out.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
