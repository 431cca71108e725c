// softmax(q k^T) v of one matrix in tiles that stay in the cache, and its gradient. Each attention_*.cpp compiles this file for one
// instruction set: WIDTH numbers to a vector, ROWS accumulators to a tile, NAMESPACE for the functions.
#include "attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace NAMESPACE {

constexpr int64_t Columns = 3;                  // vectors to a tile
constexpr int64_t Panel = Columns * WIDTH;      // numbers to a tile's row
constexpr int64_t RowBlock = attention::RowBlock;
constexpr int64_t KeyBlock = Panel * (WIDTH == 16 ? 8 : 16);

typedef float Vector __attribute__((vector_size(WIDTH * 4), aligned(4)));
typedef int32_t Bits __attribute__((vector_size(WIDTH * 4), aligned(4)));

static int64_t up(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

static inline Vector load(const float* from) { return *reinterpret_cast<const Vector*>(from); }
static inline void store(float* to, Vector value) { *reinterpret_cast<Vector*>(to) = value; }

// e^x within 2 ulp (the polynomial of Cephes); 0 below the smallest normal result.
static inline Vector exponential(Vector x) {
    const float least = -87.3f;
    const Vector safe = x < least ? Vector{} + least : x;
    const float magic = 12582912.0f; // 1.5 * 2^23: adding it rounds to an integer, which then stands in the low bits
    const Vector shifted = safe * 1.44269504088896341f + magic;
    const Vector whole = shifted - magic;
    const Vector rest = (safe - whole * 0.693359375f) + whole * 2.12194440e-4f;
    Vector y = rest * 1.9875691500e-4f + 1.3981999507e-3f;
    y = y * rest + 8.3334519073e-3f;
    y = y * rest + 4.1665795894e-2f;
    y = y * rest + 1.6666665459e-1f;
    y = y * rest + 5.0000001201e-1f;
    y = y * rest * rest + rest + 1.0f;
    const Bits power = ((Bits)shifted - 0x4B400000 + 127) << 23;
    y = y * (Vector)power;
    return x < least ? Vector{} : y;
}

// c[R, N * WIDTH] (+)= a[R, depth] b[depth, N * WIDTH]; a may be transposed, b and c have rows of adjacent numbers.
template <int R, int N>
static inline void tile(const float* a, int64_t aRow, int64_t aStep, const float* b, int64_t bStep, int64_t depth, float* c, int64_t cRow, bool add) {
    Vector sum[R][N];
    for (int r = 0; r < R; r++)
        for (int n = 0; n < N; n++) sum[r][n] = add ? load(c + r * cRow + n * WIDTH) : Vector{};
    for (int64_t k = 0; k < depth; k++) {
        Vector right[N];
        for (int n = 0; n < N; n++) right[n] = load(b + k * bStep + n * WIDTH);
        for (int r = 0; r < R; r++) {
            const Vector left = Vector{} + a[r * aRow + k * aStep];
            for (int n = 0; n < N; n++) sum[r][n] += left * right[n];
        }
    }
    for (int r = 0; r < R; r++)
        for (int n = 0; n < N; n++) store(c + r * cRow + n * WIDTH, sum[r][n]);
}

// rows is a multiple of ROWS, columns one of WIDTH.
static void multiply(int64_t rows, int64_t columns, int64_t depth, const float* a, int64_t aRow, int64_t aStep, const float* b, int64_t bStep, float* c, int64_t cRow, bool add) {
    for (int64_t j = 0; j < columns;) {
        const int64_t vectors = std::min<int64_t>(Columns, (columns - j) / WIDTH);
        for (int64_t i = 0; i < rows; i += ROWS) {
            const float* left = a + i * aRow;
            float* out = c + i * cRow + j;
            if (vectors == 3) tile<ROWS, 3>(left, aRow, aStep, b + j, bStep, depth, out, cRow, add);
            else if (vectors == 2) tile<ROWS, 2>(left, aRow, aStep, b + j, bStep, depth, out, cRow, add);
            else tile<ROWS, 1>(left, aRow, aStep, b + j, bStep, depth, out, cRow, add);
        }
        j += vectors * WIDTH;
    }
}

// [rows, size] to rows of a whole number of vectors, filled up with zeros; and the same on its side.
static void copyRows(const float* from, int64_t stride, int64_t rows, int64_t size, float scale, float* to, int64_t width, int64_t allRows) {
    for (int64_t r = 0; r < allRows; r++) {
        float* row = to + r * width;
        if (r >= rows) {
            std::fill_n(row, width, 0.0f);
            continue;
        }
        for (int64_t i = 0; i < size; i++) row[i] = from[r * stride + i] * scale;
        std::fill(row + size, row + width, 0.0f);
    }
}

static void copyTransposed(const float* from, int64_t stride, int64_t rows, int64_t size, float* to, int64_t width) {
    for (int64_t begin = 0; begin < rows; begin += 64) {
        const int64_t end = std::min(rows, begin + 64);
        for (int64_t i = 0; i < size; i++)
            for (int64_t r = begin; r < end; r++) to[i * width + r] = from[r * stride + i];
    }
    for (int64_t i = 0; i < size; i++) std::fill(to + i * width + rows, to + (i + 1) * width, 0.0f);
}

static int64_t packedSize(int64_t source, int64_t size) { return up(source, Panel) * (size + up(size, WIDTH)); }

static void pack(const attention::Head& head, float* packed) {
    const int64_t width = up(head.source, Panel);
    copyTransposed(head.key, head.keyStride, head.source, head.size, packed, width);
    copyRows(head.value, head.valueStride, head.source, head.size, 1.0f, packed + head.size * width, up(head.size, WIDTH), width);
}

static int64_t forwardScratch(int64_t size) { return RowBlock * (size + KeyBlock + up(size, WIDTH) + 2); }

static void addMask(const attention::Head& head, int64_t row, int64_t first, int64_t count, float* scores) {
    if (head.mask == nullptr) return;
    const float* mask = head.mask + row * head.maskStride + first;
    for (int64_t s = 0; s < count; s++) scores[s] += mask[s];
}

// Rows first to last (at most RowBlock of them) of the result, with a running maximum and sum (Milakov and Gimelshein 2018).
static void forward(const attention::Head& head, const float* packed, int64_t first, int64_t last, float* scratch) {
    const float lowest = -std::numeric_limits<float>::infinity();
    const int64_t rows = last - first, padded = up(rows, ROWS), size = head.size, wide = up(size, WIDTH), width = up(head.source, Panel);
    const float* keys = packed;
    const float* values = packed + size * width;
    float* query = scratch;
    float* scores = query + RowBlock * size;
    float* sum = scores + RowBlock * KeyBlock;
    float* highest = sum + RowBlock * wide;
    float* total = highest + RowBlock;
    copyRows(head.query + first * head.queryStride, head.queryStride, rows, size, head.scale, query, size, padded);
    std::fill_n(sum, padded * wide, 0.0f);
    std::fill_n(highest, rows, lowest);
    std::fill_n(total, rows, 0.0f);

    for (int64_t begin = 0; begin < head.source; begin += KeyBlock) {
        const int64_t count = std::min(KeyBlock, head.source - begin), columns = up(count, Panel);
        multiply(padded, columns, size, query, size, 1, keys + begin, width, scores, KeyBlock, false);
        for (int64_t r = 0; r < rows; r++) {
            float* row = scores + r * KeyBlock;
            addMask(head, first + r, begin, count, row);
            std::fill(row + count, row + columns, lowest);
            Vector top = load(row);
            for (int64_t s = WIDTH; s < columns; s += WIDTH) {
                const Vector next = load(row + s);
                top = next > top ? next : top;
            }
            float high = highest[r];
            for (int i = 0; i < WIDTH; i++) high = std::max(high, top[i]);
            if (high == lowest) { // everything is masked so far, or not a number: no comparison sees those
                const bool unknown = std::any_of(row, row + count, [](float score) { return std::isnan(score); });
                std::fill_n(row, columns, unknown ? std::numeric_limits<float>::quiet_NaN() : 0.0f);
                if (unknown) total[r] = std::numeric_limits<float>::quiet_NaN();
                continue;
            }

            Vector all{};
            for (int64_t s = 0; s < columns; s += WIDTH) {
                const Vector weight = exponential(load(row + s) - high);
                store(row + s, weight);
                all += weight;
            }
            float added = 0;
            for (int i = 0; i < WIDTH; i++) added += all[i];
            const float shrink = highest[r] == lowest ? 0.0f : std::exp(highest[r] - high);
            if (shrink != 1.0f)
                for (int64_t i = 0; i < wide; i += WIDTH) store(sum + r * wide + i, load(sum + r * wide + i) * shrink);
            total[r] = total[r] * shrink + added;
            highest[r] = high;
        }
        multiply(padded, wide, count, scores, KeyBlock, 1, values + begin * wide, wide, sum, wide, true);
    }

    for (int64_t r = 0; r < rows; r++) {
        const float share = total[r] == 0 ? 0.0f : 1.0f / total[r]; // a row without any visible key is zero
        float* out = head.out + (first + r) * head.outStride;
        for (int64_t i = 0; i < size; i++) out[i] = sum[r * wide + i] * share;
        head.logSum[first + r] = total[r] == 0 ? lowest : highest[r] + std::log(total[r]);
    }
}

static int64_t backwardScratch(int64_t source, int64_t size) {
    const int64_t width = up(source, Panel), wide = up(size, WIDTH);
    return width * (2 * size + 3 * wide) + RowBlock * (3 * wide + 2 * KeyBlock);
}

// Weights are computed once more from the logarithms of their sums instead of having been kept (Dao et al. 2022, appendix B.2).
static void backward(const attention::Head& head, const attention::Gradient& gradient, float* scratch) {
    const int64_t size = head.size, wide = up(size, WIDTH), width = up(head.source, Panel);
    float* keysOnSide = scratch;
    float* valuesOnSide = keysOnSide + width * size;
    float* keys = valuesOnSide + width * size;
    float* keyGradient = keys + width * wide;
    float* valueGradient = keyGradient + width * wide;
    float* query = valueGradient + width * wide;
    float* out = query + RowBlock * wide;
    float* queryGradient = out + RowBlock * wide;
    float* weights = queryGradient + RowBlock * wide;
    float* changes = weights + RowBlock * KeyBlock;
    copyTransposed(head.key, head.keyStride, head.source, size, keysOnSide, width);
    copyTransposed(head.value, head.valueStride, head.source, size, valuesOnSide, width);
    copyRows(head.key, head.keyStride, head.source, size, 1.0f, keys, wide, width);
    std::fill_n(keyGradient, width * wide, 0.0f);
    std::fill_n(valueGradient, width * wide, 0.0f);

    for (int64_t first = 0; first < head.tokens; first += RowBlock) {
        const int64_t rows = std::min(RowBlock, head.tokens - first), padded = up(rows, ROWS);
        copyRows(head.query + first * head.queryStride, head.queryStride, rows, size, head.scale, query, wide, padded);
        copyRows(gradient.out + first * gradient.outStride, gradient.outStride, rows, size, 1.0f, out, wide, padded);
        std::fill_n(queryGradient, padded * wide, 0.0f);
        for (int64_t begin = 0; begin < head.source; begin += KeyBlock) {
            const int64_t count = std::min(KeyBlock, head.source - begin), columns = up(count, Panel);
            multiply(padded, columns, size, query, wide, 1, keysOnSide + begin, width, weights, KeyBlock, false);
            multiply(padded, columns, size, out, wide, 1, valuesOnSide + begin, width, changes, KeyBlock, false);
            for (int64_t r = 0; r < rows; r++) {
                float* weight = weights + r * KeyBlock;
                float* change = changes + r * KeyBlock;
                addMask(head, first + r, begin, count, weight);
                const float logSum = head.logSum[first + r], mean = gradient.mean[first + r];
                const bool none = logSum == -std::numeric_limits<float>::infinity();
                for (int64_t s = 0; s < columns; s += WIDTH) {
                    const Vector p = none ? Vector{} : exponential(load(weight + s) - logSum);
                    store(weight + s, p);
                    store(change + s, p * (load(change + s) - mean));
                }
                std::fill(weight + count, weight + columns, 0.0f);
                std::fill(change + count, change + columns, 0.0f);
            }
            multiply(columns, wide, rows, weights, 1, KeyBlock, out, wide, valueGradient + begin * wide, wide, true);
            multiply(columns, wide, rows, changes, 1, KeyBlock, query, wide, keyGradient + begin * wide, wide, true);
            multiply(padded, wide, count, changes, KeyBlock, 1, keys + begin * wide, wide, queryGradient, wide, true);
        }
        for (int64_t r = 0; r < rows; r++)
            for (int64_t i = 0; i < size; i++) gradient.query[(first + r) * gradient.queryStride + i] = queryGradient[r * wide + i] * head.scale;
    }

    for (int64_t s = 0; s < head.source; s++) {
        std::copy_n(keyGradient + s * wide, size, gradient.key + s * gradient.keyStride);
        std::copy_n(valueGradient + s * wide, size, gradient.value + s * gradient.valueStride);
    }
}

extern const attention::Kernels kernels;
const attention::Kernels kernels = {packedSize, pack, forwardScratch, forward, backwardScratch, backward};

} // namespace NAMESPACE
