// C ABI over libtorch's ATen. Rules of the boundary:
//  * every function that can fail returns null, or an error text made with malloc that the caller frees with sp_free;
//  * results leave through out parameters; nothing throws across;
//  * a tensor handle is a heap-allocated at::Tensor, released with sp_tensor_free; optional tensors are null pointers.
// Only calls that exist from libtorch 1.13 to 2.x are used, and nothing assumes a CPU.
#pragma once

#include <ATen/ATen.h>
#include <torch/version.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#define SP_API extern "C" __attribute__((visibility("default")))

using Error = char*;
using Tensor = at::Tensor;

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
#include <optional>
template <class T> using Optional = std::optional<T>;
#else
template <class T> using Optional = c10::optional<T>;
#endif

// A number as C# passes it: kind 0 integer, 1 floating point, 2 boolean, -1 absent.
struct SpScalar {
    int64_t kind;
    int64_t integer;
    double real;
};

// Stands in for an error text there is no memory to copy; sp_free leaves it alone.
inline char NoMemoryForText[] = "out of memory";

inline Error copyText(const char* text) noexcept {
    const size_t size = std::strlen(text) + 1;
    char* copy = static_cast<char*>(std::malloc(size));
    if (copy == nullptr) return NoMemoryForText;
    std::memcpy(copy, text, size);
    return copy;
}

template <class Body> Error guarded(Body&& body) noexcept {
    try {
        body();
        return nullptr;
    } catch (const c10::Error& error) {
        return copyText(error.what_without_backtrace());
    } catch (const std::exception& error) {
        return copyText(error.what());
    } catch (...) {
        return copyText("libtorch threw an exception of an unknown type");
    }
}

inline Tensor* wrap(Tensor&& tensor) { return new Tensor(std::move(tensor)); }
inline Tensor* wrap(const Tensor& tensor) { return new Tensor(tensor); }

inline at::IntArrayRef ints(const int64_t* data, int count) { return at::IntArrayRef(data, static_cast<size_t>(count)); }

inline at::Scalar scalar(const SpScalar& value) {
    if (value.kind == 1) return at::Scalar(value.real);
    if (value.kind == 2) return at::Scalar(value.integer != 0);
    return at::Scalar(value.integer);
}

inline Optional<at::Scalar> optionalScalar(const SpScalar& value) {
    if (value.kind < 0) return {};
    return scalar(value);
}

inline Optional<Tensor> optional(const Tensor* tensor) {
    if (tensor == nullptr) return {};
    return *tensor;
}

inline Optional<at::ScalarType> optionalType(int type) {
    if (type < 0) return {};
    return static_cast<at::ScalarType>(type);
}

inline Optional<at::Generator> optional(const at::Generator* generator) {
    if (generator == nullptr) return {};
    return *generator;
}

inline at::Device device(int type, int index) {
    return at::Device(static_cast<at::DeviceType>(type), static_cast<at::DeviceIndex>(index));
}

inline at::TensorOptions options(int type, int deviceType, int deviceIndex) {
    return at::TensorOptions().dtype(static_cast<at::ScalarType>(type)).device(device(deviceType, deviceIndex));
}

inline std::vector<Tensor> list(Tensor* const* tensors, int count) {
    std::vector<Tensor> result;
    result.reserve(static_cast<size_t>(count));
    for (int i = 0; i < count; i++) {
        TORCH_CHECK(tensors[i] != nullptr, "expected a tensor at position ", i, " of a list of ", count, ", got null");
        result.push_back(*tensors[i]);
    }
    return result;
}

// Hands a list of tensors over as a malloc'd array of handles.
inline void emitList(const std::vector<Tensor>& tensors, Tensor*** result, int* count) {
    auto** handles = static_cast<Tensor**>(std::malloc(sizeof(Tensor*) * (tensors.size() + 1)));
    if (handles == nullptr) throw std::bad_alloc();
    for (size_t i = 0; i < tensors.size(); i++) handles[i] = tensors[i].defined() ? wrap(tensors[i]) : nullptr;
    *result = handles;
    *count = static_cast<int>(tensors.size());
}

#define SP_TRY(...) return guarded([&] { __VA_ARGS__; })
