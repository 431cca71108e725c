// Gradients: per-tensor flags, backward passes, and the thread's gradient mode.
#include "shim.h"

#include <torch/csrc/autograd/autograd.h>

SP_API int sp_requires_grad(const Tensor* x) { return x->requires_grad() ? 1 : 0; }
SP_API int sp_is_leaf(const Tensor* x) { return x->is_leaf() ? 1 : 0; }
SP_API Error sp_set_requires_grad(Tensor* x, int value) { SP_TRY(x->set_requires_grad(value != 0)); }
SP_API Error sp_retain_grad(Tensor* x) { SP_TRY(x->retain_grad()); }
SP_API Error sp_detach(const Tensor* x, Tensor** out) { SP_TRY(*out = wrap(x->detach())); }
SP_API Error sp_detach_(Tensor* x) { SP_TRY(x->detach_()); }

// The result is null when there is no gradient.
SP_API Error sp_grad(const Tensor* x, Tensor** out) {
    SP_TRY({
        const Tensor& grad = x->grad();
        *out = grad.defined() ? wrap(grad) : nullptr;
    });
}

SP_API Error sp_set_grad(Tensor* x, const Tensor* grad) { SP_TRY(x->mutable_grad() = grad == nullptr ? Tensor() : *grad); }

static std::vector<Tensor> gradients(Tensor* const* tensors, int count) {
    std::vector<Tensor> result;
    for (int i = 0; i < count; i++) result.push_back(tensors[i] == nullptr ? Tensor() : *tensors[i]);
    return result;
}

SP_API Error sp_backward(Tensor* const* tensors, int count, Tensor* const* grads, int gradCount, int retainGraph, int createGraph, Tensor* const* inputs, int inputCount) {
    SP_TRY(torch::autograd::backward(list(tensors, count), gradients(grads, gradCount), retainGraph != 0, createGraph != 0, list(inputs, inputCount)));
}

SP_API Error sp_autograd_grad(Tensor* const* outputs, int outputCount, Tensor* const* inputs, int inputCount, Tensor* const* grads, int gradCount, int retainGraph, int createGraph, int allowUnused, Tensor*** result, int* resultCount) {
    SP_TRY(emitList(
        torch::autograd::grad(list(outputs, outputCount), list(inputs, inputCount), gradients(grads, gradCount), retainGraph != 0, createGraph != 0, allowUnused != 0),
        result, resultCount));
}

SP_API int sp_grad_mode() { return c10::GradMode::is_enabled() ? 1 : 0; }
SP_API void sp_set_grad_mode(int enabled) { c10::GradMode::set_enabled(enabled != 0); }
