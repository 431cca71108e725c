// scaled_dot_product_attention. libtorch 1.13 has no such function, and composing it from products and a softmax writes and reads all
// scores several times: at 4,096 tokens that is most of the time and of the memory of a Stable Diffusion UNet.
#include "attention.h"
#include "shim.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <memory>

#if defined(__x86_64__)
namespace attention_avx512 { extern const attention::Kernels kernels; }
namespace attention_avx2 { extern const attention::Kernels kernels; }
#endif
namespace attention_base { extern const attention::Kernels kernels; }

namespace {

struct Named {
    const char* name;
    const attention::Kernels* kernels;
};

// Those this processor can run, the fastest first.
const std::vector<Named>& runnable() {
    static const std::vector<Named> all = [] {
        std::vector<Named> result;
#if defined(__x86_64__)
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
            result.push_back({"avx512", &attention_avx512::kernels});
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) result.push_back({"avx2", &attention_avx2::kernels});
#endif
        result.push_back({"base", &attention_base::kernels});
        return result;
    }();
    return all;
}

thread_local const attention::Kernels* chosen = nullptr;

const attention::Kernels& kernels() { return chosen != nullptr ? *chosen : *runnable().front().kernels; }

struct Free {
    void operator()(float* memory) const { std::free(memory); }
};
using Floats = std::unique_ptr<float[], Free>;

Floats allocate(int64_t count) {
    void* memory = nullptr;
    if (posix_memalign(&memory, 64, static_cast<size_t>(count) * sizeof(float)) != 0) throw std::bad_alloc();
    return Floats(static_cast<float*>(memory));
}

// All of [batch, heads, tokens, size]; of query, key and value the last dimension adjacent in memory.
struct Inputs {
    Tensor query, key, value;
    Tensor mask;   // [tokens, source], or empty for none
    Tensor out;    // memory of [batch, tokens, heads, size], so that putting heads side by side copies nothing
    Tensor logSum; // [batch, heads, tokens]

    int64_t heads() const { return query.size(1); }
    int64_t matrices() const { return query.size(0) * heads(); }

    attention::Head head(int64_t index) const {
        const int64_t b = index / heads(), h = index % heads();
        auto at = [&](const Tensor& x) { return x.data_ptr<float>() + b * x.stride(0) + h * x.stride(1); };
        attention::Head head{};
        head.query = at(query), head.key = at(key), head.value = at(value), head.out = at(out);
        head.queryStride = query.stride(2), head.keyStride = key.stride(2), head.valueStride = value.stride(2), head.outStride = out.stride(2);
        head.mask = mask.numel() > 0 ? mask.data_ptr<float>() : nullptr;
        head.maskStride = key.size(2);
        head.tokens = query.size(2), head.source = key.size(2), head.size = query.size(3);
        head.scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(head.size)));
        head.logSum = logSum.data_ptr<float>() + index * head.tokens;
        return head;
    }
};

Tensor besideHeads(const Tensor& like) {
    const int64_t batch = like.size(0), heads = like.size(1), tokens = like.size(2), size = like.size(3);
    return at::empty_strided({batch, heads, tokens, size}, {tokens * heads * size, size, heads * size, 1}, like.options());
}

Tensor adjacent(const Tensor& x) { return x.stride(-1) == 1 ? x : x.contiguous(); }

// Waking a thread takes about as long as a million multiplications: items are handed out in portions of at least so many.
int64_t portion(int64_t multiplications) { return std::max<int64_t>(1, (1 << 20) / std::max<int64_t>(1, multiplications)); }

void forward(const Inputs& in) {
    const auto& run = kernels();
    const int64_t tokens = in.query.size(2), keys = in.key.size(2), size = in.query.size(3);
    const int64_t packed = run.packedSize(keys, size), blocks = (tokens + attention::RowBlock - 1) / attention::RowBlock;
    const Floats memory = allocate(packed * in.matrices());
    at::parallel_for(0, in.matrices(), portion(4 * keys * size), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) run.pack(in.head(i), memory.get() + i * packed);
    });
    at::parallel_for(0, in.matrices() * blocks, portion(2 * std::min(tokens, attention::RowBlock) * keys * size), [&](int64_t begin, int64_t end) {
        const Floats scratch = allocate(run.forwardScratch(size));
        for (int64_t i = begin; i < end; i++) {
            const int64_t first = i % blocks * attention::RowBlock;
            run.forward(in.head(i / blocks), memory.get() + i / blocks * packed, first, std::min(tokens, first + attention::RowBlock), scratch.get());
        }
    });
}

// The same from libtorch's own operations, for a gradient that is itself differentiated.
torch::autograd::variable_list composedGradient(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask, const Tensor& grad) {
    const double scale = 1.0 / std::sqrt(static_cast<double>(query.size(3)));
    auto scores = at::matmul(query * scale, key.transpose(-2, -1));
    if (mask.numel() > 0) scores = scores + mask;
    const auto weights = scores.softmax(-1);
    const auto change = at::matmul(grad, value.transpose(-2, -1));
    const auto delta = weights * (change - (weights * change).sum(-1, true));
    return {at::matmul(delta, key) * scale, at::matmul(delta.transpose(-2, -1), query) * scale, at::matmul(weights.transpose(-2, -1), grad), Tensor()};
}

struct Attention : torch::autograd::Function<Attention> {
    static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask) {
        // Only the arguments themselves are saved with their history, which a second derivative needs: no copies here.
        Inputs in{query, key, value, mask};
        in.out = besideHeads(in.query);
        in.logSum = at::empty({in.query.size(0), in.query.size(1), in.query.size(2)}, in.query.options());
        ::forward(in);
        context->save_for_backward({in.query, in.key, in.value, in.mask, in.out, in.logSum});
        return in.out;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list grads) {
        const auto saved = context->get_saved_variables();
        const Inputs in{saved[0], saved[1], saved[2], saved[3], saved[4], saved[5]};
        if (at::GradMode::is_enabled()) return composedGradient(in.query, in.key, in.value, in.mask, grads[0]);

        const Tensor outGrad = adjacent(grads[0]);
        const Tensor mean = (outGrad * in.out).sum(-1).contiguous();
        const Tensor query = besideHeads(in.query), key = besideHeads(in.key), value = besideHeads(in.value);
        const auto& run = kernels();
        const int64_t work = 5 * in.query.size(2) * in.key.size(2) * in.query.size(3);
        at::parallel_for(0, in.matrices(), portion(work), [&](int64_t begin, int64_t end) {
            const Floats scratch = allocate(run.backwardScratch(in.key.size(2), in.query.size(3)));
            for (int64_t i = begin; i < end; i++) {
                const int64_t b = i / in.heads(), h = i % in.heads();
                auto at = [&](const Tensor& x) { return x.data_ptr<float>() + b * x.stride(0) + h * x.stride(1); };
                const attention::Gradient gradient{
                    at(outGrad), outGrad.stride(2), mean.data_ptr<float>() + i * in.query.size(2),
                    at(query), at(key), at(value), query.stride(2), key.stride(2), value.stride(2)};
                run.backward(in.head(i), gradient, scratch.get());
            }
        });
        return {query, key, value, Tensor()};
    }
};

bool supported(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask) {
    auto fits = [&](const Tensor& x) {
        return x.device().is_cpu() && x.dim() == 4 && x.scalar_type() == query.scalar_type() && x.size(0) == query.size(0) && x.size(1) == query.size(1) && x.size(3) == query.size(3);
    };
    return (query.scalar_type() == at::kFloat || query.scalar_type() == at::kBFloat16) && query.numel() > 0 && key.numel() > 0
        && fits(query) && fits(key) && fits(value) && key.size(2) == value.size(2)
        && (!mask.defined() || (mask.device().is_cpu() && mask.dim() == 2 && mask.is_floating_point() && !mask.requires_grad() && mask.size(0) == query.size(2) && mask.size(1) == key.size(2)));
}

} // namespace

// The result is null where only other means serve: another device, type or shape.
SP_API Error sp_attention(const Tensor* query, const Tensor* key, const Tensor* value, const Tensor* mask, Tensor** out) {
    SP_TRY({
        const Tensor added = mask == nullptr ? Tensor() : *mask;
#if TORCH_VERSION_MAJOR >= 2
        if (!query->device().is_cpu()) {
            *out = wrap(at::scaled_dot_product_attention(*query, *key, *value, optional(mask)));
            return;
        }
#endif
        if (!supported(*query, *key, *value, added)) {
            *out = nullptr;
            return;
        }
        auto wide = [](const Tensor& x) { return adjacent(x.to(at::kFloat)); };
        *out = wrap(Attention::apply(wide(*query), wide(*key), wide(*value), added.defined() ? wide(added).contiguous() : at::empty({0})).to(query->scalar_type()));
    });
}

// The calling thread's attention runs these kernels: "avx512", "avx2" or "base"; the fastest when the name is empty.
SP_API Error sp_attention_use(const char* name) {
    SP_TRY({
        chosen = nullptr;
        if (*name == '\0') return;
        for (const Named& item : runnable())
            if (std::strcmp(item.name, name) == 0) chosen = item.kernels;
        TORCH_CHECK(chosen != nullptr, "this processor has no attention kernels named ", name);
    });
}
