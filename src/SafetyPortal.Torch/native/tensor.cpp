// Lifetime, properties, memory, factories, random numbers, devices and threads.
#include "shim.h"

#include <ATen/Parallel.h>
#include <ATen/TensorIndexing.h>
#include <dlfcn.h>
#include <torch/cuda.h>

SP_API void sp_free(void* memory) {
    if (memory != NoMemoryForText) std::free(memory);
}

SP_API void sp_tensor_free(Tensor* x) { delete x; }

// Properties. None of these throws for a defined dense tensor.
SP_API int sp_sizes(const Tensor* x, int64_t* sizes, int capacity) {
    const auto shape = x->sizes();
    for (int i = 0; i < capacity && i < static_cast<int>(shape.size()); i++) sizes[i] = shape[i];
    return static_cast<int>(shape.size());
}

SP_API int sp_strides(const Tensor* x, int64_t* strides, int capacity) {
    const auto values = x->strides();
    for (int i = 0; i < capacity && i < static_cast<int>(values.size()); i++) strides[i] = values[i];
    return static_cast<int>(values.size());
}

SP_API int64_t sp_dim(const Tensor* x) { return x->dim(); }
SP_API int64_t sp_numel(const Tensor* x) { return x->numel(); }
SP_API int64_t sp_nbytes(const Tensor* x) { return x->numel() * static_cast<int64_t>(x->element_size()); }
SP_API int64_t sp_storage_offset(const Tensor* x) { return x->storage_offset(); }
SP_API int sp_dtype(const Tensor* x) { return static_cast<int>(x->scalar_type()); }
SP_API int sp_device_type(const Tensor* x) { return static_cast<int>(x->device().type()); }
SP_API int sp_device_index(const Tensor* x) { return static_cast<int>(x->device().index()); }
SP_API int sp_is_contiguous(const Tensor* x) { return x->is_contiguous() ? 1 : 0; }
SP_API int sp_is_sparse(const Tensor* x) { return x->is_sparse() ? 1 : 0; }
SP_API Error sp_data_ptr(const Tensor* x, void** data) { SP_TRY(*data = x->data_ptr()); }

// Copies and conversions.
SP_API Error sp_alias(const Tensor* x, Tensor** out) { SP_TRY(*out = wrap(x->alias())); }
SP_API Error sp_clone(const Tensor* x, Tensor** out) { SP_TRY(*out = wrap(x->clone())); }
SP_API Error sp_contiguous(const Tensor* x, Tensor** out) { SP_TRY(*out = wrap(x->contiguous())); }
SP_API Error sp_copy_(Tensor* x, const Tensor* source, int nonBlocking) { SP_TRY(x->copy_(*source, nonBlocking != 0)); }
SP_API Error sp_set_(Tensor* x, const Tensor* source) { SP_TRY(x->set_(*source)); }
SP_API Error sp_pin_memory(const Tensor* x, Tensor** out) { SP_TRY(*out = wrap(x->pin_memory())); }

SP_API Error sp_to(const Tensor* x, int type, int deviceType, int deviceIndex, int nonBlocking, int copy, Tensor** out) {
    SP_TRY(*out = wrap(x->to(options(type, deviceType, deviceIndex), nonBlocking != 0, copy != 0)));
}

// Factories.
SP_API Error sp_from_memory(const void* data, int64_t bytes, int type, const int64_t* sizes, int rank, Tensor** out) {
    SP_TRY({
        Tensor result = at::empty(ints(sizes, rank), options(type, 0, -1));
        const int64_t needed = result.numel() * static_cast<int64_t>(result.element_size());
        TORCH_CHECK(needed == bytes, "the shape needs ", needed, " bytes, but ", bytes, " were given");
        if (bytes > 0) std::memcpy(result.data_ptr(), data, static_cast<size_t>(bytes));
        *out = wrap(std::move(result));
    });
}

SP_API Error sp_empty(const int64_t* sizes, int rank, int type, int deviceType, int deviceIndex, Tensor** out) {
    SP_TRY(*out = wrap(at::empty(ints(sizes, rank), options(type, deviceType, deviceIndex))));
}

SP_API Error sp_full(const int64_t* sizes, int rank, SpScalar value, int type, int deviceType, int deviceIndex, Tensor** out) {
    SP_TRY(*out = wrap(at::full(ints(sizes, rank), scalar(value), options(type, deviceType, deviceIndex))));
}

SP_API Error sp_arange(SpScalar start, SpScalar stop, SpScalar step, int type, int deviceType, int deviceIndex, Tensor** out) {
    SP_TRY(*out = wrap(at::arange(scalar(start), scalar(stop), scalar(step), options(type, deviceType, deviceIndex))));
}

SP_API Error sp_linspace(double start, double end, int64_t steps, int type, int deviceType, int deviceIndex, Tensor** out) {
    SP_TRY(*out = wrap(at::linspace(start, end, steps, options(type, deviceType, deviceIndex))));
}

SP_API Error sp_logspace(double start, double end, int64_t steps, double base, int type, int deviceType, int deviceIndex, Tensor** out) {
    SP_TRY(*out = wrap(at::logspace(start, end, steps, base, options(type, deviceType, deviceIndex))));
}

SP_API Error sp_eye(int64_t rows, int64_t columns, int type, int deviceType, int deviceIndex, Tensor** out) {
    SP_TRY(*out = wrap(at::eye(rows, columns, options(type, deviceType, deviceIndex))));
}

// Random numbers; a null generator is the device's default one.
SP_API Error sp_rand(const int64_t* sizes, int rank, const at::Generator* g, int type, int deviceType, int deviceIndex, Tensor** out) {
    SP_TRY(*out = wrap(at::rand(ints(sizes, rank), optional(g), options(type, deviceType, deviceIndex))));
}

SP_API Error sp_randn(const int64_t* sizes, int rank, const at::Generator* g, int type, int deviceType, int deviceIndex, Tensor** out) {
    SP_TRY(*out = wrap(at::randn(ints(sizes, rank), optional(g), options(type, deviceType, deviceIndex))));
}

SP_API Error sp_randint(int64_t low, int64_t high, const int64_t* sizes, int rank, const at::Generator* g, int type, int deviceType, int deviceIndex, Tensor** out) {
    SP_TRY(*out = wrap(at::randint(low, high, ints(sizes, rank), optional(g), options(type, deviceType, deviceIndex))));
}

SP_API Error sp_randperm(int64_t n, const at::Generator* g, int type, int deviceType, int deviceIndex, Tensor** out) {
    SP_TRY(*out = wrap(at::randperm(n, optional(g), options(type, deviceType, deviceIndex))));
}

SP_API Error sp_normal_(Tensor* x, double mean, double std, const at::Generator* g) { SP_TRY(x->normal_(mean, std, optional(g))); }
SP_API Error sp_uniform_(Tensor* x, double from, double to, const at::Generator* g) { SP_TRY(x->uniform_(from, to, optional(g))); }
SP_API Error sp_random_(Tensor* x, int64_t from, int64_t to, const at::Generator* g) { SP_TRY(x->random_(from, to, optional(g))); }
SP_API Error sp_bernoulli_(Tensor* x, double p, const at::Generator* g) { SP_TRY(x->bernoulli_(p, optional(g))); }
SP_API Error sp_bernoulli_tensor_(Tensor* x, const Tensor* p, const at::Generator* g) { SP_TRY(x->bernoulli_(*p, optional(g))); }
SP_API Error sp_bernoulli(const Tensor* x, const at::Generator* g, Tensor** out) { SP_TRY(*out = wrap(x->bernoulli(optional(g)))); }

SP_API Error sp_multinomial(const Tensor* x, int64_t samples, int replacement, const at::Generator* g, Tensor** out) {
    SP_TRY(*out = wrap(x->multinomial(samples, replacement != 0, optional(g))));
}

// Generators. A new one is a clone of the device's default, so that one path serves CPU and CUDA.
SP_API Error sp_generator_new(uint64_t seed, int deviceType, int deviceIndex, at::Generator** out) {
    SP_TRY({
        at::Generator source = at::globalContext().defaultGenerator(device(deviceType, deviceIndex));
        at::Generator copy = [&] {
            std::lock_guard<std::mutex> lock(source.mutex());
            return source.clone();
        }();
        copy.set_current_seed(seed);
        *out = new at::Generator(std::move(copy));
    });
}

SP_API Error sp_generator_default(int deviceType, int deviceIndex, at::Generator** out) {
    SP_TRY(*out = new at::Generator(at::globalContext().defaultGenerator(device(deviceType, deviceIndex))));
}

SP_API void sp_generator_free(at::Generator* g) { delete g; }

SP_API Error sp_generator_set_seed(at::Generator* g, uint64_t seed) {
    SP_TRY({
        std::lock_guard<std::mutex> lock(g->mutex());
        g->set_current_seed(seed);
    });
}

SP_API Error sp_generator_new_seed(at::Generator* g, uint64_t* seed) {
    SP_TRY({
        std::lock_guard<std::mutex> lock(g->mutex());
        *seed = g->seed();
    });
}

SP_API Error sp_generator_get_seed(const at::Generator* g, uint64_t* seed) { SP_TRY(*seed = g->current_seed()); }

SP_API Error sp_generator_get_state(at::Generator* g, Tensor** out) {
    SP_TRY({
        std::lock_guard<std::mutex> lock(g->mutex());
        *out = wrap(g->get_state());
    });
}

SP_API Error sp_generator_set_state(at::Generator* g, const Tensor* state) {
    SP_TRY({
        std::lock_guard<std::mutex> lock(g->mutex());
        g->set_state(*state);
    });
}

SP_API Error sp_manual_seed(uint64_t seed) { SP_TRY(at::manual_seed(seed)); }

// Devices and threads.
SP_API Error sp_cuda_device_count(int* count) { SP_TRY(*count = static_cast<int>(torch::cuda::device_count())); }
SP_API Error sp_cuda_has_cudnn(int* has) { SP_TRY(*has = torch::cuda::cudnn_is_available() ? 1 : 0); }
SP_API Error sp_cuda_synchronize(int index) { SP_TRY(torch::cuda::synchronize(index)); }

SP_API const char* sp_version() { return TORCH_VERSION; }
SP_API int sp_get_num_threads() { return at::get_num_threads(); }

// OpenBLAS keeps a pool of its own that at::set_num_threads does not reach; other BLAS libraries lack the symbol.
SP_API Error sp_set_num_threads(int count) {
    SP_TRY({
        at::set_num_threads(count);
        using SetThreads = void (*)(int);
        if (auto set = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) set(count);
    });
}

SP_API int sp_get_num_interop_threads() { return at::get_num_interop_threads(); }
SP_API Error sp_set_num_interop_threads(int count) { SP_TRY(at::set_num_interop_threads(count)); }

// Indexing with integers, slices, ellipsis, new axes, booleans and index tensors.
struct SpIndex {
    int64_t kind;  // 0 integer, 1 slice, 2 ellipsis, 3 new axis, 4 boolean, 5 tensor
    int64_t start;
    int64_t stop;
    int64_t step;
    const Tensor* tensor;
};

static std::vector<at::indexing::TensorIndex> indices(const SpIndex* items, int count) {
    std::vector<at::indexing::TensorIndex> result;
    for (int i = 0; i < count; i++) {
        const SpIndex& item = items[i];
        switch (item.kind) {
            case 0: result.emplace_back(item.start); break;
            case 1: result.emplace_back(at::indexing::Slice(item.start, item.stop, item.step)); break;
            case 2: result.emplace_back(at::indexing::Ellipsis); break;
            case 3: result.emplace_back(at::indexing::None); break;
            case 4: result.emplace_back(item.start != 0); break;
            default:
                TORCH_CHECK(item.tensor != nullptr, "expected a tensor as index ", i, " of ", count, ", got null");
                result.emplace_back(*item.tensor);
                break;
        }
    }
    return result;
}

SP_API Error sp_index(const Tensor* x, const SpIndex* items, int count, Tensor** out) {
    SP_TRY(*out = wrap(x->index(indices(items, count))));
}

SP_API Error sp_index_put_(Tensor* x, const SpIndex* items, int count, const Tensor* value) {
    SP_TRY(x->index_put_(indices(items, count), *value));
}

SP_API Error sp_index_put_accumulate_(Tensor* x, Tensor* const* items, int count, const Tensor* value, int accumulate) {
    SP_TRY({
        c10::List<Optional<Tensor>> positions;
        for (int i = 0; i < count; i++) positions.push_back(optional(items[i]));
        x->index_put_(positions, *value, accumulate != 0);
    });
}
