// Layers and losses without state. Every function is the ATen call of the same name.
#include "shim.h"

SP_API Error sp_linear(const Tensor* x, const Tensor* weight, const Tensor* bias, Tensor** out) { SP_TRY(*out = wrap(at::linear(*x, *weight, optional(bias)))); }
SP_API Error sp_embedding(const Tensor* weight, const Tensor* indices, int64_t padding, Tensor** out) { SP_TRY(*out = wrap(at::embedding(*weight, *indices, padding))); }

// Convolutions over two dimensions; every array holds height and width.
SP_API Error sp_conv2d(const Tensor* x, const Tensor* weight, const Tensor* bias, const int64_t* stride, const int64_t* padding, const int64_t* dilation, int64_t groups, Tensor** out) {
    SP_TRY(*out = wrap(at::conv2d(*x, *weight, optional(bias), ints(stride, 2), ints(padding, 2), ints(dilation, 2), groups)));
}

SP_API Error sp_conv_transpose2d(const Tensor* x, const Tensor* weight, const Tensor* bias, const int64_t* stride, const int64_t* padding, const int64_t* outputPadding, int64_t groups, const int64_t* dilation, Tensor** out) {
    SP_TRY(*out = wrap(at::conv_transpose2d(*x, *weight, optional(bias), ints(stride, 2), ints(padding, 2), ints(outputPadding, 2), groups, ints(dilation, 2))));
}

// Normalisation. libtorch 1.13's bfloat16 kernels for these two are several times slower on the CPU than its float ones, casts
// included, and less precise; training in bfloat16 spends a quarter of its time there. So the arithmetic is float, the result bfloat16.
template <typename Norm>
static at::Tensor in_float(const at::Tensor& x, const Optional<Tensor>& weight, const Optional<Tensor>& bias, Norm norm) {
    if (x.scalar_type() != at::kBFloat16 || !x.device().is_cpu()) return norm(x, weight, bias);
    auto wide = [](const Optional<Tensor>& t) { return t ? Optional<Tensor>(t->to(at::kFloat)) : t; };
    return norm(x.to(at::kFloat), wide(weight), wide(bias)).to(at::kBFloat16);
}

SP_API Error sp_group_norm(const Tensor* x, int64_t groups, const Tensor* weight, const Tensor* bias, double eps, Tensor** out) {
    SP_TRY(*out = wrap(in_float(*x, optional(weight), optional(bias), [=](const auto& in, const auto& w, const auto& b) { return at::group_norm(in, groups, w, b, eps); })));
}

SP_API Error sp_layer_norm(const Tensor* x, const int64_t* shape, int rank, const Tensor* weight, const Tensor* bias, double eps, Tensor** out) {
    SP_TRY(*out = wrap(in_float(*x, optional(weight), optional(bias), [=](const auto& in, const auto& w, const auto& b) { return at::layer_norm(in, ints(shape, rank), w, b, eps); })));
}

SP_API Error sp_batch_norm(const Tensor* x, const Tensor* weight, const Tensor* bias, const Tensor* mean, const Tensor* var, int training, double momentum, double eps, Tensor** out) {
    SP_TRY(*out = wrap(at::batch_norm(*x, optional(weight), optional(bias), optional(mean), optional(var), training != 0, momentum, eps, true)));
}

SP_API Error sp_dropout(const Tensor* x, double p, int training, Tensor** out) { SP_TRY(*out = wrap(at::dropout(*x, p, training != 0))); }

// Pooling, padding, resampling.
SP_API Error sp_max_pool2d(const Tensor* x, const int64_t* kernel, const int64_t* stride, const int64_t* padding, const int64_t* dilation, int ceil, Tensor** out) {
    SP_TRY(*out = wrap(at::max_pool2d(*x, ints(kernel, 2), ints(stride, 2), ints(padding, 2), ints(dilation, 2), ceil != 0)));
}

SP_API Error sp_avg_pool2d(const Tensor* x, const int64_t* kernel, const int64_t* stride, const int64_t* padding, int ceil, int countPadding, int64_t divisor, Tensor** out) {
    SP_TRY(*out = wrap(at::avg_pool2d(*x, ints(kernel, 2), ints(stride, 2), ints(padding, 2), ceil != 0, countPadding != 0, divisor > 0 ? Optional<int64_t>(divisor) : Optional<int64_t>())));
}

SP_API Error sp_adaptive_avg_pool2d(const Tensor* x, const int64_t* size, Tensor** out) { SP_TRY(*out = wrap(at::adaptive_avg_pool2d(*x, ints(size, 2)))); }

SP_API Error sp_pad(const Tensor* x, const int64_t* pad, int count, const char* mode, double value, Tensor** out) {
    SP_TRY(*out = wrap(std::strcmp(mode, "constant") == 0 ? at::constant_pad_nd(*x, ints(pad, count), value) : at::pad(*x, ints(pad, count), mode)));
}

// mode: 0 nearest, 1 nearest-exact, 2 bilinear, 3 bicubic, 4 area. A scale of 0 means that only the size is known.
SP_API Error sp_interpolate2d(const Tensor* x, const int64_t* size, double scaleHeight, double scaleWidth, int mode, int alignCorners, int antialias, Tensor** out) {
    SP_TRY({
        const auto height = scaleHeight > 0 ? Optional<double>(scaleHeight) : Optional<double>();
        const auto width = scaleWidth > 0 ? Optional<double>(scaleWidth) : Optional<double>();
        const auto target = ints(size, 2);
        const bool corners = alignCorners != 0;
        Tensor result;
        switch (mode) {
            case 0: result = at::upsample_nearest2d(*x, target, height, width); break;
            case 1: result = at::_upsample_nearest_exact2d(*x, target, height, width); break;
            case 2: result = antialias != 0 ? at::_upsample_bilinear2d_aa(*x, target, corners, height, width) : at::upsample_bilinear2d(*x, target, corners, height, width); break;
            case 3: result = antialias != 0 ? at::_upsample_bicubic2d_aa(*x, target, corners, height, width) : at::upsample_bicubic2d(*x, target, corners, height, width); break;
            default: result = at::adaptive_avg_pool2d(*x, target); break;
        }
        *out = wrap(std::move(result));
    });
}

// mode: 0 bilinear, 1 nearest, 2 bicubic; padding: 0 zeros, 1 border, 2 reflection.
SP_API Error sp_grid_sample(const Tensor* x, const Tensor* grid, int mode, int padding, int alignCorners, Tensor** out) {
    SP_TRY(*out = wrap(at::grid_sampler(*x, *grid, mode, padding, alignCorners != 0)));
}

SP_API Error sp_affine_grid(const Tensor* theta, const int64_t* size, int rank, int alignCorners, Tensor** out) {
    SP_TRY(*out = wrap(at::affine_grid_generator(*theta, ints(size, rank), alignCorners != 0)));
}

SP_API Error sp_unfold(const Tensor* x, const int64_t* kernel, const int64_t* dilation, const int64_t* padding, const int64_t* stride, Tensor** out) {
    SP_TRY(*out = wrap(at::im2col(*x, ints(kernel, 2), ints(dilation, 2), ints(padding, 2), ints(stride, 2))));
}

SP_API Error sp_one_hot(const Tensor* x, int64_t classes, Tensor** out) { SP_TRY(*out = wrap(at::one_hot(*x, classes))); }
SP_API Error sp_cosine_similarity(const Tensor* x, const Tensor* y, int64_t dim, double eps, Tensor** out) { SP_TRY(*out = wrap(at::cosine_similarity(*x, *y, dim, eps))); }

// Losses; reduction: 0 none, 1 mean, 2 sum.
SP_API Error sp_mse_loss(const Tensor* x, const Tensor* y, int reduction, Tensor** out) { SP_TRY(*out = wrap(at::mse_loss(*x, *y, reduction))); }
SP_API Error sp_l1_loss(const Tensor* x, const Tensor* y, int reduction, Tensor** out) { SP_TRY(*out = wrap(at::l1_loss(*x, *y, reduction))); }
SP_API Error sp_smooth_l1_loss(const Tensor* x, const Tensor* y, int reduction, double beta, Tensor** out) { SP_TRY(*out = wrap(at::smooth_l1_loss(*x, *y, reduction, beta))); }
SP_API Error sp_huber_loss(const Tensor* x, const Tensor* y, int reduction, double delta, Tensor** out) { SP_TRY(*out = wrap(at::huber_loss(*x, *y, reduction, delta))); }
SP_API Error sp_kl_div(const Tensor* x, const Tensor* y, int reduction, int logTarget, Tensor** out) { SP_TRY(*out = wrap(at::kl_div(*x, *y, reduction, logTarget != 0))); }

SP_API Error sp_cross_entropy(const Tensor* x, const Tensor* y, const Tensor* weight, int reduction, int64_t ignore, double smoothing, Tensor** out) {
    SP_TRY(*out = wrap(at::cross_entropy_loss(*x, *y, optional(weight), reduction, ignore, smoothing)));
}

SP_API Error sp_nll_loss(const Tensor* x, const Tensor* y, const Tensor* weight, int reduction, Tensor** out) {
    SP_TRY(*out = wrap(at::nll_loss_nd(*x, *y, optional(weight), reduction)));
}

SP_API Error sp_bce_with_logits(const Tensor* x, const Tensor* y, const Tensor* weight, const Tensor* positiveWeight, int reduction, Tensor** out) {
    SP_TRY(*out = wrap(at::binary_cross_entropy_with_logits(*x, *y, optional(weight), optional(positiveWeight), reduction)));
}
