// A C ABI over libvips for interleaved 8-bit sRGB images.
// Every function returns NULL on success or an error text that the caller frees with sp_images_free.
// Buffers handed out through out-parameters are freed the same way.
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>

#define EXPORT __attribute__((visibility("default")))

enum { FORMAT_PNG = 0, FORMAT_JPEG = 1, FORMAT_WEBP = 2 };

// libvips keeps one error text for the whole process: when calls fail at the same time, a text can hold lines of another call.
static char *take_error(void)
{
    char *text = vips_error_buffer_copy();
    g_strchomp(text);
    if (text[0] == '\0') {
        g_free(text);
        text = g_strdup("libvips gave no reason");
    }
    return text;
}

EXPORT void sp_images_free(void *memory)
{
    g_free(memory);
}

EXPORT char *sp_images_initialize(void)
{
    // libvips would load its plug-ins (ImageMagick, OpenSlide, Poppler ...) with global symbols, among them the system's SQLite, which
    // then takes the place of the SQLite that .NET brings along and crashes it. None of them is needed: a folder without plug-ins.
    setenv("VIPSHOME", "/nonexistent", 0);
    if (VIPS_INIT("safetyportal"))
        return take_error();
    // One image is small and the machine's cores belong to the model; results are never asked for twice.
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    vips_cache_set_max_mem(0);
    vips_cache_set_max_files(0);
    // Only loaders that libvips itself trusts with hostile bytes stay enabled.
    vips_block_untrusted_set(TRUE);
    return NULL;
}

// Opens the image lazily: the header is read, pixels are not allocated.
static VipsImage *open_image(const void *bytes, size_t length, int format)
{
    VipsImage *image = NULL;
    switch (format) {
    case FORMAT_PNG:
        vips_pngload_buffer((void *)bytes, length, &image, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
        break;
    case FORMAT_JPEG:
        vips_jpegload_buffer((void *)bytes, length, &image, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
        break;
    case FORMAT_WEBP:
        vips_webpload_buffer((void *)bytes, length, &image, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
        break;
    default:
        vips_error("open_image", "unknown format %d", format);
        break;
    }
    return image;
}

EXPORT char *sp_images_header(const void *bytes, size_t length, int format, int *width, int *height)
{
    VipsImage *image = open_image(bytes, length, format);
    if (!image)
        return take_error();
    *width = vips_image_get_width(image);
    *height = vips_image_get_height(image);
    g_object_unref(image);
    return NULL;
}

// Replaces *image by the result of a step; a failed step leaves *image for the caller to release.
// next is a pointer because it is filled while the other argument is evaluated.
static int advance(VipsImage **image, int failed, VipsImage **next)
{
    if (failed)
        return -1;
    g_object_unref(*image);
    *image = *next;
    return 0;
}

static int to_srgb(VipsImage **image)
{
    VipsImage *next = NULL;
    if (vips_image_get_typeof(*image, VIPS_META_ICC_NAME)) {
        // A broken or foreign profile is no reason to refuse the pixels: fall through to the built-in conversion.
        if (!vips_icc_transform(*image, &next, "srgb", "embedded", TRUE, "depth", 8, NULL)) {
            if (advance(image, 0, &next))
                return -1;
        }
        else
            vips_error_clear();
    }
    if (vips_image_get_interpretation(*image) != VIPS_INTERPRETATION_sRGB
        && advance(image, vips_colourspace(*image, &next, VIPS_INTERPRETATION_sRGB, NULL), &next))
        return -1;
    if (vips_image_get_format(*image) != VIPS_FORMAT_UCHAR
        && advance(image, vips_cast_uchar(*image, &next, NULL), &next))
        return -1;
    return 0;
}

static int flatten_on_white(VipsImage **image)
{
    VipsImage *next = NULL;
    double white[3] = {255.0, 255.0, 255.0};
    VipsArrayDouble *background = vips_array_double_new(white, 3);
    int failed = vips_flatten(*image, &next, "background", background, NULL);
    vips_area_unref(VIPS_AREA(background));
    return advance(image, failed, &next);
}

static int to_channels(VipsImage **image, int channels)
{
    VipsImage *next = NULL;
    if (channels == 3 && vips_image_hasalpha(*image) && flatten_on_white(image))
        return -1;
    if (channels == 4 && !vips_image_hasalpha(*image)
        && advance(image, vips_addalpha(*image, &next, NULL), &next))
        return -1;
    if (vips_image_get_bands(*image) != channels) {
        vips_error("decode", "expected %d channels after conversion, got %d", channels, vips_image_get_bands(*image));
        return -1;
    }
    return 0;
}

static int to_memory(VipsImage *image, int channels, void **pixels, int *width, int *height)
{
    size_t length = 0;
    void *memory = vips_image_write_to_memory(image, &length);
    if (!memory)
        return -1;
    *width = vips_image_get_width(image);
    *height = vips_image_get_height(image);
    size_t expected = (size_t)*width * (size_t)*height * (size_t)channels;
    if (length != expected) {
        g_free(memory);
        vips_error("to_memory", "expected %zu bytes of pixels, got %zu", expected, length);
        return -1;
    }
    *pixels = memory;
    return 0;
}

EXPORT char *sp_images_decode(const void *bytes, size_t length, int format, int channels,
    void **pixels, int *width, int *height)
{
    VipsImage *image = open_image(bytes, length, format);
    if (!image)
        return take_error();
    VipsImage *turned = NULL;
    int failed = advance(&image, vips_autorot(image, &turned, NULL), &turned)
        || to_srgb(&image)
        || to_channels(&image, channels)
        || to_memory(image, channels, pixels, width, height);
    g_object_unref(image);
    return failed ? take_error() : NULL;
}

static VipsImage *wrap(const void *pixels, int width, int height, int channels)
{
    size_t length = (size_t)width * (size_t)height * (size_t)channels;
    VipsImage *raw = vips_image_new_from_memory(pixels, length, width, height, channels, VIPS_FORMAT_UCHAR);
    if (!raw)
        return NULL;
    VipsImage *image = NULL;
    int failed = vips_copy(raw, &image, "interpretation", VIPS_INTERPRETATION_sRGB, NULL);
    g_object_unref(raw);
    return failed ? NULL : image;
}

EXPORT char *sp_images_encode(const void *pixels, int width, int height, int channels,
    int format, int quality, int lossless, void **bytes, size_t *length)
{
    VipsImage *image = wrap(pixels, width, height, channels);
    if (!image)
        return take_error();
    int failed = 0;
    if (format == FORMAT_JPEG && channels == 4)
        failed = flatten_on_white(&image);
    if (!failed) {
        switch (format) {
        case FORMAT_PNG:
            failed = vips_pngsave_buffer(image, bytes, length, "strip", TRUE, "compression", quality, NULL);
            break;
        case FORMAT_JPEG:
            failed = vips_jpegsave_buffer(image, bytes, length, "strip", TRUE, "Q", quality, "optimize_coding", TRUE, NULL);
            break;
        case FORMAT_WEBP:
            failed = vips_webpsave_buffer(image, bytes, length, "strip", TRUE, "Q", quality, "lossless", lossless != 0, NULL);
            break;
        default:
            vips_error("encode", "unknown format %d", format);
            failed = -1;
            break;
        }
    }
    g_object_unref(image);
    return failed ? take_error() : NULL;
}

// Filters run on colours weighted by alpha, so that hidden colours of clear pixels do not bleed into their neighbours.
static int premultiply(VipsImage **image, int channels)
{
    VipsImage *next = NULL;
    return channels == 4 ? advance(image, vips_premultiply(*image, &next, NULL), &next) : 0;
}

static int finish_filter(VipsImage **image, int channels)
{
    VipsImage *next = NULL;
    if (channels == 4 && advance(image, vips_unpremultiply(*image, &next, NULL), &next))
        return -1;
    if (vips_image_get_format(*image) == VIPS_FORMAT_UCHAR)
        return 0;
    if (advance(image, vips_rint(*image, &next, NULL), &next))
        return -1;
    return advance(image, vips_cast_uchar(*image, &next, NULL), &next);
}

// gap 0 below means no boxes before the kernel: accuracy over speed. But libvips limits a kernel to 2,000 pixels, which the widest one
// needs when shrinking 333 times. Beyond 256 times boxes are averaged first, which leaves the kernel a factor of 128 or a little more.
static int box(int size, int new_size, int kernel)
{
    int factor = size / new_size;
    return factor <= 256 || kernel == VIPS_KERNEL_NEAREST ? 1 : factor / 128;
}

static int shrink_by_boxes(VipsImage **image, int across, int down)
{
    VipsImage *next = NULL;
    if (across == 1 && down == 1)
        return 0;
    return advance(image, vips_shrink(*image, &next, across, down, "ceil", TRUE, NULL), &next);
}

EXPORT char *sp_images_resize(const void *pixels, int width, int height, int channels,
    int new_width, int new_height, int kernel, void **resized)
{
    VipsImage *image = wrap(pixels, width, height, channels);
    if (!image)
        return take_error();
    VipsImage *next = NULL;
    int got_width = 0;
    int got_height = 0;
    // Float samples: the 8-bit path rounds its weights and is off by two levels even on a plain colour.
    int failed = premultiply(&image, channels)
        || advance(&image, vips_cast_float(image, &next, NULL), &next)
        || shrink_by_boxes(&image, box(width, new_width, kernel), box(height, new_height, kernel))
        || advance(&image, vips_resize(image, &next, (double)new_width / vips_image_get_width(image),
            "vscale", (double)new_height / vips_image_get_height(image), "kernel", (VipsKernel)kernel, "gap", 0.0, NULL), &next)
        || finish_filter(&image, channels)
        || to_memory(image, channels, resized, &got_width, &got_height);
    if (!failed && (got_width != new_width || got_height != new_height)) {
        g_free(*resized);
        *resized = NULL;
        vips_error("resize", "expected %d x %d pixels, got %d x %d", new_width, new_height, got_width, got_height);
        failed = -1;
    }
    g_object_unref(image);
    return failed ? take_error() : NULL;
}

EXPORT char *sp_images_blur(const void *pixels, int width, int height, int channels, double sigma, void **blurred)
{
    VipsImage *image = wrap(pixels, width, height, channels);
    if (!image)
        return take_error();
    VipsImage *next = NULL;
    int got_width = 0;
    int got_height = 0;
    int failed = premultiply(&image, channels)
        || advance(&image, vips_gaussblur(image, &next, sigma, "min_ampl", 0.01, NULL), &next)
        || finish_filter(&image, channels)
        || to_memory(image, channels, blurred, &got_width, &got_height);
    g_object_unref(image);
    return failed ? take_error() : NULL;
}
