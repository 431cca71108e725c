// Arithmetic, comparisons, reductions, shapes, selection and linear algebra. Every function is the ATen call of the same name.
#include "shim.h"

#include "bfloat16.h"

// Elementwise.
#define UNARY(name) \
    SP_API Error sp_##name(const Tensor* x, Tensor** out) { SP_TRY(*out = wrap(x->name())); }
#define UNARY_INPLACE(name) \
    SP_API Error sp_##name(Tensor* x) { SP_TRY(x->name()); }
#define BINARY(name) \
    SP_API Error sp_##name(const Tensor* x, const Tensor* y, Tensor** out) { SP_TRY(*out = wrap(x->name(*y))); }
#define BINARY_SCALAR(name) \
    SP_API Error sp_##name##_scalar(const Tensor* x, SpScalar y, Tensor** out) { SP_TRY(*out = wrap(x->name(scalar(y)))); }
#define BINARY_BOTH(name) BINARY(name) BINARY_SCALAR(name)

UNARY(neg) UNARY(abs) UNARY(sqrt) UNARY(rsqrt) UNARY(exp) UNARY(log) UNARY(log2) UNARY(log1p) UNARY(sin) UNARY(cos)
UNARY(tanh) UNARY(sigmoid) UNARY(relu) UNARY(floor) UNARY(ceil) UNARY(sign) UNARY(square) UNARY(erf) UNARY(reciprocal)
UNARY(isnan) UNARY(isfinite) UNARY(isinf) UNARY(logical_not)
UNARY_INPLACE(zero_)

BINARY(mul) BINARY(maximum) BINARY(minimum) BINARY(logical_and) BINARY(logical_or)
BINARY_SCALAR(mul)
BINARY_BOTH(pow) BINARY_BOTH(eq) BINARY_BOTH(ne) BINARY_BOTH(lt) BINARY_BOTH(le) BINARY_BOTH(gt) BINARY_BOTH(ge)
BINARY(matmul) BINARY(mm) BINARY(bmm) BINARY(dot) BINARY(outer)

SP_API Error sp_silu(const Tensor* x, Tensor** out) { SP_TRY(*out = wrap(activatesByTable(*x) ? activateByTable(*x, Activation::silu) : at::silu(*x))); }
SP_API Error sp_gelu(const Tensor* x, int tanh, Tensor** out) { SP_TRY(*out = wrap(tanh == 0 && activatesByTable(*x) ? activateByTable(*x, Activation::gelu) : at::gelu(*x, tanh != 0 ? "tanh" : "none"))); }
SP_API Error sp_leaky_relu(const Tensor* x, double slope, Tensor** out) { SP_TRY(*out = wrap(at::leaky_relu(*x, slope))); }
SP_API Error sp_silu_(Tensor* x) { SP_TRY(at::silu_(*x)); }
SP_API Error sp_relu_(Tensor* x) { SP_TRY(at::relu_(*x)); }

SP_API Error sp_add(const Tensor* x, const Tensor* y, SpScalar alpha, Tensor** out) { SP_TRY(*out = wrap(x->add(*y, scalar(alpha)))); }
SP_API Error sp_add_scalar(const Tensor* x, SpScalar y, SpScalar alpha, Tensor** out) { SP_TRY(*out = wrap(x->add(scalar(y), scalar(alpha)))); }
SP_API Error sp_sub(const Tensor* x, const Tensor* y, Tensor** out) { SP_TRY(*out = wrap(x->sub(*y))); }
SP_API Error sp_sub_scalar(const Tensor* x, SpScalar y, Tensor** out) { SP_TRY(*out = wrap(x->sub(scalar(y)))); }
SP_API Error sp_rsub_scalar(const Tensor* x, SpScalar y, Tensor** out) { SP_TRY(*out = wrap(at::rsub(*x, scalar(y)))); }
SP_API Error sp_add_(Tensor* x, const Tensor* y, SpScalar alpha) { SP_TRY(x->add_(*y, scalar(alpha))); }
SP_API Error sp_add_scalar_(Tensor* x, SpScalar y, SpScalar alpha) { SP_TRY(x->add_(scalar(y), scalar(alpha))); }
SP_API Error sp_sub_(Tensor* x, const Tensor* y) { SP_TRY(x->sub_(*y)); }
SP_API Error sp_sub_scalar_(Tensor* x, SpScalar y) { SP_TRY(x->sub_(scalar(y))); }
SP_API Error sp_mul_(Tensor* x, const Tensor* y) { SP_TRY(x->mul_(*y)); }
SP_API Error sp_mul_scalar_(Tensor* x, SpScalar y) { SP_TRY(x->mul_(scalar(y))); }

// Rounding of a quotient: 0 none, 1 towards zero, 2 downwards.
static Tensor divide(const Tensor& x, const Tensor& y, int rounding) {
    if (rounding == 0) return x.div(y);
    return x.div(y, rounding == 1 ? "trunc" : "floor");
}

static Tensor divide(const Tensor& x, const at::Scalar& y, int rounding) {
    if (rounding == 0) return x.div(y);
    return x.div(y, rounding == 1 ? "trunc" : "floor");
}

SP_API Error sp_div(const Tensor* x, const Tensor* y, int rounding, Tensor** out) { SP_TRY(*out = wrap(divide(*x, *y, rounding))); }
SP_API Error sp_div_scalar(const Tensor* x, SpScalar y, int rounding, Tensor** out) { SP_TRY(*out = wrap(divide(*x, scalar(y), rounding))); }

SP_API Error sp_div_(Tensor* x, const Tensor* y, int rounding) {
    SP_TRY(if (rounding == 0) x->div_(*y); else x->div_(*y, rounding == 1 ? "trunc" : "floor"));
}

SP_API Error sp_div_scalar_(Tensor* x, SpScalar y, int rounding) {
    SP_TRY(if (rounding == 0) x->div_(scalar(y)); else x->div_(scalar(y), rounding == 1 ? "trunc" : "floor"));
}

SP_API Error sp_addcmul_(Tensor* x, const Tensor* a, const Tensor* b, SpScalar value) { SP_TRY(x->addcmul_(*a, *b, scalar(value))); }
SP_API Error sp_addcdiv_(Tensor* x, const Tensor* a, const Tensor* b, SpScalar value) { SP_TRY(x->addcdiv_(*a, *b, scalar(value))); }
SP_API Error sp_addmm(const Tensor* x, const Tensor* a, const Tensor* b, double beta, double alpha, Tensor** out) { SP_TRY(*out = wrap(x->addmm(*a, *b, beta, alpha))); }
SP_API Error sp_lerp(const Tensor* x, const Tensor* end, const Tensor* weight, Tensor** out) { SP_TRY(*out = wrap(x->lerp(*end, *weight))); }
SP_API Error sp_lerp_(Tensor* x, const Tensor* end, const Tensor* weight) { SP_TRY(x->lerp_(*end, *weight)); }
SP_API Error sp_lerp_scalar_(Tensor* x, const Tensor* end, SpScalar weight) { SP_TRY(x->lerp_(*end, scalar(weight))); }
SP_API Error sp_round(const Tensor* x, int64_t decimals, Tensor** out) { SP_TRY(*out = wrap(decimals == 0 ? x->round() : x->round(decimals))); }
SP_API Error sp_clamp(const Tensor* x, SpScalar min, SpScalar max, Tensor** out) { SP_TRY(*out = wrap(x->clamp(optionalScalar(min), optionalScalar(max)))); }
SP_API Error sp_clamp_(Tensor* x, SpScalar min, SpScalar max) { SP_TRY(x->clamp_(optionalScalar(min), optionalScalar(max))); }
SP_API Error sp_clamp_tensor(const Tensor* x, const Tensor* min, const Tensor* max, Tensor** out) { SP_TRY(*out = wrap(x->clamp(optional(min), optional(max)))); }
SP_API Error sp_clamp_tensor_(Tensor* x, const Tensor* min, const Tensor* max) { SP_TRY(x->clamp_(optional(min), optional(max))); }
SP_API Error sp_fill_(Tensor* x, SpScalar value) { SP_TRY(x->fill_(scalar(value))); }
SP_API Error sp_softmax(const Tensor* x, int64_t dim, int type, Tensor** out) { SP_TRY(*out = wrap(x->softmax(dim, optionalType(type)))); }
SP_API Error sp_log_softmax(const Tensor* x, int64_t dim, int type, Tensor** out) { SP_TRY(*out = wrap(x->log_softmax(dim, optionalType(type)))); }
SP_API Error sp_allclose(const Tensor* x, const Tensor* y, double rtol, double atol, int equalNan, int* out) { SP_TRY(*out = x->allclose(*y, rtol, atol, equalNan != 0) ? 1 : 0); }

// Reductions.
UNARY(mean) UNARY(argmax) UNARY(argmin) UNARY(median) UNARY(any) UNARY(all) UNARY(nonzero)
SP_API Error sp_max(const Tensor* x, Tensor** out) { SP_TRY(*out = wrap(x->max())); }
SP_API Error sp_min(const Tensor* x, Tensor** out) { SP_TRY(*out = wrap(x->min())); }
SP_API Error sp_sum(const Tensor* x, int type, Tensor** out) { SP_TRY(*out = wrap(x->sum(optionalType(type)))); }
SP_API Error sp_prod(const Tensor* x, int type, Tensor** out) { SP_TRY(*out = wrap(x->prod(optionalType(type)))); }

SP_API Error sp_sum_dims(const Tensor* x, const int64_t* dims, int count, int keepdim, int type, Tensor** out) {
    SP_TRY(*out = wrap(x->sum(ints(dims, count), keepdim != 0, optionalType(type))));
}

SP_API Error sp_mean_dims(const Tensor* x, const int64_t* dims, int count, int keepdim, int type, Tensor** out) {
    SP_TRY(*out = wrap(x->mean(ints(dims, count), keepdim != 0, optionalType(type))));
}

SP_API Error sp_std(const Tensor* x, int unbiased, Tensor** out) { SP_TRY(*out = wrap(x->std(unbiased != 0))); }
SP_API Error sp_var(const Tensor* x, int unbiased, Tensor** out) { SP_TRY(*out = wrap(x->var(unbiased != 0))); }

SP_API Error sp_std_dims(const Tensor* x, const int64_t* dims, int count, int unbiased, int keepdim, Tensor** out) {
    SP_TRY(*out = wrap(x->std(ints(dims, count), unbiased != 0, keepdim != 0)));
}

SP_API Error sp_var_dims(const Tensor* x, const int64_t* dims, int count, int unbiased, int keepdim, Tensor** out) {
    SP_TRY(*out = wrap(x->var(ints(dims, count), unbiased != 0, keepdim != 0)));
}

SP_API Error sp_norm(const Tensor* x, double p, Tensor** out) { SP_TRY(*out = wrap(x->norm(p))); }

SP_API Error sp_norm_dims(const Tensor* x, double p, const int64_t* dims, int count, int keepdim, Tensor** out) {
    SP_TRY(*out = wrap(x->norm(at::Scalar(p), ints(dims, count), keepdim != 0)));
}

SP_API Error sp_prod_dim(const Tensor* x, int64_t dim, int keepdim, int type, Tensor** out) { SP_TRY(*out = wrap(x->prod(dim, keepdim != 0, optionalType(type)))); }
SP_API Error sp_cumsum(const Tensor* x, int64_t dim, int type, Tensor** out) { SP_TRY(*out = wrap(x->cumsum(dim, optionalType(type)))); }
SP_API Error sp_cumprod(const Tensor* x, int64_t dim, int type, Tensor** out) { SP_TRY(*out = wrap(x->cumprod(dim, optionalType(type)))); }
SP_API Error sp_logsumexp(const Tensor* x, int64_t dim, int keepdim, Tensor** out) { SP_TRY(*out = wrap(x->logsumexp({dim}, keepdim != 0))); }
SP_API Error sp_amax(const Tensor* x, const int64_t* dims, int count, int keepdim, Tensor** out) { SP_TRY(*out = wrap(x->amax(ints(dims, count), keepdim != 0))); }
SP_API Error sp_amin(const Tensor* x, const int64_t* dims, int count, int keepdim, Tensor** out) { SP_TRY(*out = wrap(x->amin(ints(dims, count), keepdim != 0))); }
SP_API Error sp_argmax_dim(const Tensor* x, int64_t dim, int keepdim, Tensor** out) { SP_TRY(*out = wrap(x->argmax(dim, keepdim != 0))); }
SP_API Error sp_argmin_dim(const Tensor* x, int64_t dim, int keepdim, Tensor** out) { SP_TRY(*out = wrap(x->argmin(dim, keepdim != 0))); }
SP_API Error sp_any_dim(const Tensor* x, int64_t dim, int keepdim, Tensor** out) { SP_TRY(*out = wrap(x->any(dim, keepdim != 0))); }
SP_API Error sp_all_dim(const Tensor* x, int64_t dim, int keepdim, Tensor** out) { SP_TRY(*out = wrap(x->all(dim, keepdim != 0))); }

static void emitPair(std::tuple<Tensor, Tensor>&& pair, Tensor** first, Tensor** second) {
    *first = wrap(std::move(std::get<0>(pair)));
    *second = wrap(std::move(std::get<1>(pair)));
}

SP_API Error sp_max_dim(const Tensor* x, int64_t dim, int keepdim, Tensor** values, Tensor** indexes) { SP_TRY(emitPair(x->max(dim, keepdim != 0), values, indexes)); }
SP_API Error sp_min_dim(const Tensor* x, int64_t dim, int keepdim, Tensor** values, Tensor** indexes) { SP_TRY(emitPair(x->min(dim, keepdim != 0), values, indexes)); }
SP_API Error sp_topk(const Tensor* x, int64_t k, int64_t dim, int largest, int sorted, Tensor** values, Tensor** indexes) { SP_TRY(emitPair(x->topk(k, dim, largest != 0, sorted != 0), values, indexes)); }
SP_API Error sp_kthvalue(const Tensor* x, int64_t k, int64_t dim, int keepdim, Tensor** values, Tensor** indexes) { SP_TRY(emitPair(x->kthvalue(k, dim, keepdim != 0), values, indexes)); }
SP_API Error sp_sort(const Tensor* x, int64_t dim, int descending, int stable, Tensor** values, Tensor** indexes) { SP_TRY(emitPair(x->sort(Optional<bool>(stable != 0), dim, descending != 0), values, indexes)); }
SP_API Error sp_argsort(const Tensor* x, int64_t dim, int descending, Tensor** out) { SP_TRY(*out = wrap(x->argsort(dim, descending != 0))); }
SP_API Error sp_quantile(const Tensor* x, const Tensor* q, int64_t dim, int keepdim, Tensor** out) { SP_TRY(*out = wrap(x->quantile(*q, dim, keepdim != 0))); }
SP_API Error sp_histc(const Tensor* x, int64_t bins, double min, double max, Tensor** out) { SP_TRY(*out = wrap(x->histc(bins, min, max))); }
SP_API Error sp_bincount(const Tensor* x, const Tensor* weights, int64_t minimum, Tensor** out) { SP_TRY(*out = wrap(x->bincount(optional(weights), minimum))); }

// A null dimension flattens first; counts and inverse are null when they were not asked for.
SP_API Error sp_unique(const Tensor* x, int hasDim, int64_t dim, int sorted, int inverse, int counts, Tensor** values, Tensor** inverses, Tensor** countsOut) {
    SP_TRY({
        auto result = hasDim != 0 ? at::unique_dim(*x, dim, sorted != 0, inverse != 0, counts != 0) : at::_unique2(*x, sorted != 0, inverse != 0, counts != 0);
        *values = wrap(std::move(std::get<0>(result)));
        *inverses = inverse != 0 ? wrap(std::move(std::get<1>(result))) : nullptr;
        *countsOut = counts != 0 ? wrap(std::move(std::get<2>(result))) : nullptr;
    });
}

SP_API Error sp_searchsorted(const Tensor* sorted, const Tensor* values, int int32, int right, Tensor** out) { SP_TRY(*out = wrap(at::searchsorted(*sorted, *values, int32 != 0, right != 0))); }

// Shapes.
SP_API Error sp_view(const Tensor* x, const int64_t* sizes, int count, Tensor** out) { SP_TRY(*out = wrap(x->view(ints(sizes, count)))); }
SP_API Error sp_reshape(const Tensor* x, const int64_t* sizes, int count, Tensor** out) { SP_TRY(*out = wrap(x->reshape(ints(sizes, count)))); }
SP_API Error sp_permute(const Tensor* x, const int64_t* dims, int count, Tensor** out) { SP_TRY(*out = wrap(x->permute(ints(dims, count)))); }
SP_API Error sp_expand(const Tensor* x, const int64_t* sizes, int count, int implicit, Tensor** out) { SP_TRY(*out = wrap(x->expand(ints(sizes, count), implicit != 0))); }
SP_API Error sp_repeat(const Tensor* x, const int64_t* sizes, int count, Tensor** out) { SP_TRY(*out = wrap(x->repeat(ints(sizes, count)))); }
SP_API Error sp_flip(const Tensor* x, const int64_t* dims, int count, Tensor** out) { SP_TRY(*out = wrap(x->flip(ints(dims, count)))); }
SP_API Error sp_roll(const Tensor* x, const int64_t* shifts, int shiftCount, const int64_t* dims, int dimCount, Tensor** out) { SP_TRY(*out = wrap(x->roll(ints(shifts, shiftCount), ints(dims, dimCount)))); }
SP_API Error sp_transpose(const Tensor* x, int64_t a, int64_t b, Tensor** out) { SP_TRY(*out = wrap(x->transpose(a, b))); }
SP_API Error sp_flatten(const Tensor* x, int64_t start, int64_t end, Tensor** out) { SP_TRY(*out = wrap(x->flatten(start, end))); }
SP_API Error sp_squeeze(const Tensor* x, Tensor** out) { SP_TRY(*out = wrap(x->squeeze())); }
SP_API Error sp_squeeze_dim(const Tensor* x, int64_t dim, Tensor** out) { SP_TRY(*out = wrap(x->squeeze(dim))); }
SP_API Error sp_unsqueeze(const Tensor* x, int64_t dim, Tensor** out) { SP_TRY(*out = wrap(x->unsqueeze(dim))); }
SP_API Error sp_unsqueeze_(Tensor* x, int64_t dim) { SP_TRY(x->unsqueeze_(dim)); }
SP_API Error sp_narrow(const Tensor* x, int64_t dim, int64_t start, int64_t length, Tensor** out) { SP_TRY(*out = wrap(x->narrow(dim, start, length))); }
SP_API Error sp_select(const Tensor* x, int64_t dim, int64_t index, Tensor** out) { SP_TRY(*out = wrap(x->select(dim, index))); }
SP_API Error sp_slice(const Tensor* x, int64_t dim, int64_t start, int64_t stop, int64_t step, Tensor** out) { SP_TRY(*out = wrap(x->slice(dim, start, stop, step))); }
SP_API Error sp_triu(const Tensor* x, int64_t diagonal, Tensor** out) { SP_TRY(*out = wrap(x->triu(diagonal))); }
SP_API Error sp_tril(const Tensor* x, int64_t diagonal, Tensor** out) { SP_TRY(*out = wrap(x->tril(diagonal))); }
SP_API Error sp_diag(const Tensor* x, int64_t diagonal, Tensor** out) { SP_TRY(*out = wrap(x->diag(diagonal))); }
SP_API Error sp_diagonal(const Tensor* x, int64_t offset, int64_t a, int64_t b, Tensor** out) { SP_TRY(*out = wrap(x->diagonal(offset, a, b))); }
UNARY(trace)

SP_API Error sp_repeat_interleave(const Tensor* x, const Tensor* repeats, int hasDim, int64_t dim, Tensor** out) {
    SP_TRY(*out = wrap(x->repeat_interleave(*repeats, hasDim != 0 ? Optional<int64_t>(dim) : Optional<int64_t>())));
}

SP_API Error sp_chunk(const Tensor* x, int64_t chunks, int64_t dim, Tensor*** out, int* count) { SP_TRY(emitList(x->chunk(chunks, dim), out, count)); }
SP_API Error sp_split(const Tensor* x, int64_t size, int64_t dim, Tensor*** out, int* count) { SP_TRY(emitList(x->split(size, dim), out, count)); }
SP_API Error sp_split_sizes(const Tensor* x, const int64_t* sizes, int sizeCount, int64_t dim, Tensor*** out, int* count) { SP_TRY(emitList(x->split_with_sizes(ints(sizes, sizeCount), dim), out, count)); }
SP_API Error sp_unbind(const Tensor* x, int64_t dim, Tensor*** out, int* count) { SP_TRY(emitList(x->unbind(dim), out, count)); }
SP_API Error sp_cat(Tensor* const* tensors, int count, int64_t dim, Tensor** out) { SP_TRY(*out = wrap(at::cat(list(tensors, count), dim))); }
SP_API Error sp_stack(Tensor* const* tensors, int count, int64_t dim, Tensor** out) { SP_TRY(*out = wrap(at::stack(list(tensors, count), dim))); }
SP_API Error sp_einsum(const char* equation, Tensor* const* tensors, int count, Tensor** out) { SP_TRY(*out = wrap(at::einsum(equation, list(tensors, count)))); }
SP_API Error sp_meshgrid(Tensor* const* tensors, int count, const char* indexing, Tensor*** out, int* outCount) { SP_TRY(emitList(at::meshgrid(list(tensors, count), indexing), out, outCount)); }

// Selection.
SP_API Error sp_index_select(const Tensor* x, int64_t dim, const Tensor* index, Tensor** out) { SP_TRY(*out = wrap(x->index_select(dim, *index))); }
SP_API Error sp_gather(const Tensor* x, int64_t dim, const Tensor* index, Tensor** out) { SP_TRY(*out = wrap(x->gather(dim, *index))); }
SP_API Error sp_scatter(const Tensor* x, int64_t dim, const Tensor* index, const Tensor* source, Tensor** out) { SP_TRY(*out = wrap(x->scatter(dim, *index, *source))); }
SP_API Error sp_scatter_(Tensor* x, int64_t dim, const Tensor* index, const Tensor* source) { SP_TRY(x->scatter_(dim, *index, *source)); }
SP_API Error sp_scatter_add_(Tensor* x, int64_t dim, const Tensor* index, const Tensor* source) { SP_TRY(x->scatter_add_(dim, *index, *source)); }
SP_API Error sp_index_copy_(Tensor* x, int64_t dim, const Tensor* index, const Tensor* source) { SP_TRY(x->index_copy_(dim, *index, *source)); }
SP_API Error sp_index_add_(Tensor* x, int64_t dim, const Tensor* index, const Tensor* source, SpScalar alpha) { SP_TRY(x->index_add_(dim, *index, *source, scalar(alpha))); }
SP_API Error sp_masked_fill(const Tensor* x, const Tensor* mask, SpScalar value, Tensor** out) { SP_TRY(*out = wrap(x->masked_fill(*mask, scalar(value)))); }
SP_API Error sp_masked_fill_(Tensor* x, const Tensor* mask, SpScalar value) { SP_TRY(x->masked_fill_(*mask, scalar(value))); }
SP_API Error sp_masked_select(const Tensor* x, const Tensor* mask, Tensor** out) { SP_TRY(*out = wrap(x->masked_select(*mask))); }
SP_API Error sp_where(const Tensor* condition, const Tensor* x, const Tensor* y, Tensor** out) { SP_TRY(*out = wrap(at::where(*condition, *x, *y))); }
SP_API Error sp_where_positions(const Tensor* condition, Tensor*** out, int* count) { SP_TRY(emitList(at::where(*condition), out, count)); }

// Linear algebra.
SP_API Error sp_linalg_eigh(const Tensor* x, int upper, Tensor** values, Tensor** vectors) { SP_TRY(emitPair(at::linalg_eigh(*x, upper != 0 ? "U" : "L"), values, vectors)); }
SP_API Error sp_linalg_eigvalsh(const Tensor* x, int upper, Tensor** out) { SP_TRY(*out = wrap(at::linalg_eigvalsh(*x, upper != 0 ? "U" : "L"))); }
SP_API Error sp_linalg_svdvals(const Tensor* x, Tensor** out) { SP_TRY(*out = wrap(at::linalg_svdvals(*x))); }
SP_API Error sp_linalg_inv(const Tensor* x, Tensor** out) { SP_TRY(*out = wrap(at::linalg_inv(*x))); }
SP_API Error sp_linalg_det(const Tensor* x, Tensor** out) { SP_TRY(*out = wrap(at::linalg_det(*x))); }
SP_API Error sp_linalg_cholesky(const Tensor* x, Tensor** out) { SP_TRY(*out = wrap(at::linalg_cholesky(*x))); }
SP_API Error sp_linalg_solve(const Tensor* a, const Tensor* b, Tensor** out) { SP_TRY(*out = wrap(at::linalg_solve(*a, *b))); }

SP_API Error sp_linalg_qr(const Tensor* x, int complete, Tensor** q, Tensor** r) { SP_TRY(emitPair(at::linalg_qr(*x, complete != 0 ? "complete" : "reduced"), q, r)); }

SP_API Error sp_linalg_svd(const Tensor* x, int full, Tensor** u, Tensor** s, Tensor** vh) {
    SP_TRY({
        auto result = at::linalg_svd(*x, full != 0);
        *u = wrap(std::move(std::get<0>(result)));
        *s = wrap(std::move(std::get<1>(result)));
        *vh = wrap(std::move(std::get<2>(result)));
    });
}

// A negative count means all dimensions, flattened.
SP_API Error sp_linalg_vector_norm(const Tensor* x, double order, const int64_t* dims, int count, int keepdim, Tensor** out) {
    SP_TRY(*out = wrap(count < 0 ? at::linalg_vector_norm(*x, order) : at::linalg_vector_norm(*x, order, ints(dims, count), keepdim != 0)));
}

SP_API Error sp_linalg_matrix_norm(const Tensor* x, const char* order, const int64_t* dims, int count, int keepdim, Tensor** out) {
    SP_TRY(*out = wrap(count < 0 ? at::linalg_norm(*x, order) : at::linalg_norm(*x, order, ints(dims, count), keepdim != 0)));
}
