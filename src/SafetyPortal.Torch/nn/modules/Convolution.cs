using static TorchSharp.torch;

namespace TorchSharp.Modules;

/// <summary>What convolutions of two dimensions share: weight, bias and geometry.</summary>
public abstract class Convolution : nn.Module<Tensor, Tensor>
{
    private Parameter _weight;
    private Parameter? _bias;

    private protected Convolution(string name, Parameter weight, Parameter? bias)
        : base(name)
    {
        _weight = weight;
        _bias = bias;
        ReplaceParameter(nameof(weight), weight);
        ReplaceParameter(nameof(bias), bias);
    }

    /// <summary>[out, in / groups, kh, kw]; a transposed convolution has [in, out / groups, kh, kw].</summary>
    public Parameter weight
    {
        get => _weight;
        set => ReplaceParameter(nameof(weight), _weight = value);
    }

    /// <summary>[out], or null.</summary>
    public Parameter? bias
    {
        get => _bias;
        set => ReplaceParameter(nameof(bias), _bias = value);
    }

    protected override void RegisterComponents()
    {
    }
}
