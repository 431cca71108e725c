// Attention on the CPU, computed in tiles: the scores are never held as a whole, neither forwards nor backwards.
#pragma once

#include <cstdint>

namespace attention {

// Queries that are worked off together.
constexpr int64_t RowBlock = 64;

// One head of one image. Strides are in numbers, from one token to the next; a token's own numbers are adjacent.
struct Head {
    const float *query, *key, *value;
    int64_t queryStride, keyStride, valueStride;
    const float* mask; // added to the scores [tokens, source], or null
    int64_t maskStride;
    int64_t tokens, source, size;
    float scale;
    float* out;
    int64_t outStride;
    float* logSum; // per query, the logarithm of its summed exponentials
};

// mean is, per query, the sum over a token of result times gradient of the result.
struct Gradient {
    const float* out;
    int64_t outStride;
    const float* mean;
    float *query, *key, *value;
    int64_t queryStride, keyStride, valueStride;
};

// Sizes are in floats.
struct Kernels {
    int64_t (*packedSize)(int64_t source, int64_t size);
    void (*pack)(const Head&, float* packed);
    int64_t (*forwardScratch)(int64_t size);
    void (*forward)(const Head&, const float* packed, int64_t first, int64_t last, float* scratch);
    int64_t (*backwardScratch)(int64_t source, int64_t size);
    void (*backward)(const Head&, const Gradient&, float* scratch);
};

} // namespace attention
