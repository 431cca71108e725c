// One pass over a parameter instead of nine ATen calls: the trainer steps through hundreds of small tensors.
#include "shim.h"

#include <cmath>

struct SpAdam {
    double rate;
    double beta1;
    double beta2;
    double eps;
    double decay;
    int64_t step;
};

static void update(float* weight, const float* gradient, float* mean, float* square, int64_t count, const SpAdam& options) {
    const auto keep = static_cast<float>(1 - options.rate * options.decay);
    const auto beta1 = static_cast<float>(options.beta1), rest1 = static_cast<float>(1 - options.beta1);
    const auto beta2 = static_cast<float>(options.beta2), rest2 = static_cast<float>(1 - options.beta2);
    const auto eps = static_cast<float>(options.eps);
    const auto scale = static_cast<float>(std::sqrt(1 - std::pow(options.beta2, options.step)));
    const auto size = static_cast<float>(options.rate / (1 - std::pow(options.beta1, options.step)));
    for (int64_t i = 0; i < count; i++) {
        mean[i] = beta1 * mean[i] + rest1 * gradient[i];
        square[i] = beta2 * square[i] + rest2 * gradient[i] * gradient[i];
        weight[i] = keep * weight[i] - size * (mean[i] / (std::sqrt(square[i]) / scale + eps));
    }
}

static bool plain(const Tensor& x, const Tensor& like) {
    return x.scalar_type() == at::kFloat && x.device().is_cpu() && x.layout() == at::kStrided && x.is_contiguous() && x.sizes() == like.sizes();
}

// outcome: 0 the parameter has no gradient, 1 updated, 2 not dense float32 on the CPU, nothing was done.
SP_API Error sp_adamw_step(Tensor* weight, Tensor* mean, Tensor* square, SpAdam options, int* outcome) {
    SP_TRY({
        const Tensor& recorded = weight->grad();
        if (!recorded.defined()) {
            *outcome = 0;
            return;
        }
        const Tensor gradient = recorded.layout() == at::kStrided ? recorded.detach().contiguous() : recorded;
        if (!plain(*weight, *weight) || !plain(gradient, *weight) || !plain(*mean, *weight) || !plain(*square, *weight)) {
            *outcome = 2;
            return;
        }
        float* w = weight->data_ptr<float>();
        float* m = mean->data_ptr<float>();
        float* v = square->data_ptr<float>();
        const float* g = gradient.data_ptr<float>();
        update(w, g, m, v, weight->numel(), options);
        // Autograd notices in-place changes by this counter.
        weight->unsafeGetTensorImpl()->bump_version();
        *outcome = 1;
    });
}
