using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>Convolution over height and width, [B, in, H, W] to [B, out, H', W'].</summary>
    public sealed class Conv2d : Convolution
    {
        private readonly Geometry geometry;

        internal Conv2d(Parameter weight, Parameter? bias, Geometry geometry)
            : base(nameof(Conv2d), weight, bias) => this.geometry = geometry;

        public long in_channels => weight.size(1) * geometry.Groups;

        public long out_channels => weight.size(0);

        public override Tensor forward(Tensor input)
        {
            if (geometry.Border is not { } border)
                return nn.functional.conv2d(input, weight, bias, geometry.Stride, geometry.Padding, geometry.Dilation, geometry.Groups);
            using var padded = nn.functional.pad(input, border, geometry.PaddingMode);
            return nn.functional.conv2d(padded, weight, bias, geometry.Stride, null, geometry.Dilation, geometry.Groups);
        }

        /// <param name="Stride">Height and width.</param>
        /// <param name="Padding">Zeros on both sides of height and width.</param>
        /// <param name="Border">Left, right, top, bottom when the padding is not symmetric zeros; else null.</param>
        /// <param name="PaddingMode">What the border is filled with.</param>
        /// <param name="Dilation">Height and width.</param>
        /// <param name="Groups">Divides both channel counts.</param>
        internal sealed record Geometry(long[] Stride, long[] Padding, long[]? Border, PaddingModes PaddingMode, long[] Dilation, long Groups);
    }

    /// <summary>Transposed convolution over height and width.</summary>
    public sealed class ConvTranspose2d : Convolution
    {
        private readonly long[] stride;
        private readonly long[] padding;
        private readonly long[] outputPadding;
        private readonly long[] dilation;
        private readonly long groups;

        internal ConvTranspose2d(Parameter weight, Parameter? bias, long[] stride, long[] padding, long[] outputPadding, long[] dilation, long groups)
            : base(nameof(ConvTranspose2d), weight, bias)
        {
            (this.stride, this.padding, this.outputPadding) = (stride, padding, outputPadding);
            (this.dilation, this.groups) = (dilation, groups);
        }

        public override Tensor forward(Tensor input) =>
            nn.functional.conv_transpose2d(input, weight, bias, stride, padding, outputPadding, dilation, groups);
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            /// <summary>A convolution; weight and bias start uniform within 1 / sqrt(in / groups kh kw).</summary>
            public static Conv2d Conv2d(
                long in_channels, long out_channels, long kernel_size, long stride = 1, long padding = 0, long dilation = 1,
                PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                Conv2d(
                    in_channels, out_channels, (kernel_size, kernel_size), (stride, stride), (padding, padding), (dilation, dilation), padding_mode, groups,
                    bias, device, dtype);

            /// <inheritdoc cref="Conv2d(long, long, long, long, long, long, PaddingModes, long, bool, Device, ScalarType?)"/>
            public static Conv2d Conv2d(
                long in_channels, long out_channels, (long, long) kernel_size, (long, long)? stride = null, (long, long)? padding = null,
                (long, long)? dilation = null, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null,
                ScalarType? dtype = null)
            {
                var (height, width) = padding ?? (0, 0);
                long[]? border = padding_mode == PaddingModes.Zeros ? null : [width, width, height, height];
                return Build(in_channels, out_channels, kernel_size, stride, [height, width], border, padding_mode, dilation, groups, bias, device, dtype);
            }

            /// <inheritdoc cref="Conv2d(long, long, long, long, long, long, PaddingModes, long, bool, Device, ScalarType?)"/>
            public static Conv2d Conv2d(
                long in_channels, long out_channels, long kernel_size, Padding padding, long stride = 1, long dilation = 1,
                PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                Conv2d(
                    in_channels, out_channels, (kernel_size, kernel_size), padding, (stride, stride), (dilation, dilation), padding_mode, groups, bias,
                    device, dtype);

            /// <inheritdoc cref="Conv2d(long, long, long, long, long, long, PaddingModes, long, bool, Device, ScalarType?)"/>
            public static Conv2d Conv2d(
                long in_channels, long out_channels, (long, long) kernel_size, Padding padding, (long, long)? stride = null, (long, long)? dilation = null,
                PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null, ScalarType? dtype = null)
            {
                long[]? border = null;
                if (padding == Padding.Same)
                {
                    if (stride is { } steps && steps != (1, 1))
                        throw new ArgumentException($"Padding that keeps the size needs stride 1, got {steps}.", nameof(stride));
                    var (dilateHeight, dilateWidth) = dilation ?? (1, 1);
                    var (height, width) = (dilateHeight * (kernel_size.Item1 - 1), dilateWidth * (kernel_size.Item2 - 1));
                    border = [width / 2, width - (width / 2), height / 2, height - (height / 2)];
                }

                return Build(in_channels, out_channels, kernel_size, stride, [0, 0], border, padding_mode, dilation, groups, bias, device, dtype);
            }

            public static ConvTranspose2d ConvTranspose2d(
                long in_channels, long out_channels, long kernel_size, long stride = 1, long padding = 0, long output_padding = 0, long dilation = 1,
                PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                ConvTranspose2d(
                    in_channels, out_channels, (kernel_size, kernel_size), (stride, stride), (padding, padding), (output_padding, output_padding),
                    (dilation, dilation), padding_mode, groups, bias, device, dtype);

            public static ConvTranspose2d ConvTranspose2d(
                long in_channels, long out_channels, (long, long) kernel_size, (long, long)? stride = null, (long, long)? padding = null,
                (long, long)? output_padding = null, (long, long)? dilation = null, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1,
                bool bias = true, Device? device = null, ScalarType? dtype = null)
            {
                if (padding_mode != PaddingModes.Zeros)
                    throw new ArgumentException($"A transposed convolution pads with zeros only, got {padding_mode}.", nameof(padding_mode));
                var (weight, offset) = Weights([in_channels, out_channels / groups, kernel_size.Item1, kernel_size.Item2], out_channels, bias, device, dtype);
                return new ConvTranspose2d(weight, offset, Both(stride, 1), Both(padding, 0), Both(output_padding, 0), Both(dilation, 1), groups);
            }

            private static Conv2d Build(
                long inChannels, long outChannels, (long, long) kernel, (long, long)? stride, long[] padding, long[]? border, PaddingModes mode,
                (long, long)? dilation, long groups, bool bias, Device? device, ScalarType? dtype)
            {
                if (inChannels % groups != 0 || outChannels % groups != 0)
                    throw new ArgumentException($"{groups} groups do not divide {inChannels} input and {outChannels} output channels.", nameof(groups));
                var (weight, offset) = Weights([outChannels, inChannels / groups, kernel.Item1, kernel.Item2], outChannels, bias, device, dtype);
                return new Conv2d(weight, offset, new Conv2d.Geometry(Both(stride, 1), padding, border, mode, Both(dilation, 1), groups));
            }

            private static (Parameter Weight, Parameter? Bias) Weights(long[] shape, long outChannels, bool bias, Device? device, ScalarType? dtype)
            {
                var weight = new Parameter(empty(shape, dtype: dtype, device: device));
                var offset = bias ? new Parameter(empty([outChannels], dtype: dtype, device: device)) : null;
                init.DefaultLinear(weight, offset);
                return (weight, offset);
            }

            private static long[] Both((long, long)? pair, long otherwise) => pair is { } both ? [both.Item1, both.Item2] : [otherwise, otherwise];
        }
    }
}
