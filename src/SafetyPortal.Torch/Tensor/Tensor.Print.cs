using System.Globalization;
using System.Text;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>Shape, type and device, as a debugger shows them.</summary>
        public override string ToString() =>
            IsInvalid ? "[disposed]" : $"[{string.Join('x', shape)}], type = {dtype}, device = {device}";

        /// <summary>With <paramref name="disamb"/>, the elements too, at most 64 of them.</summary>
        public string ToString(bool disamb)
        {
            if (!disamb || IsInvalid)
                return ToString();
            using var scope = NewDisposeScope();
            var values = detach().flatten().to(ScalarType.Float64, CPU);
            var shown = Math.Min(values.NumberOfElements, 64);
            var text = new StringBuilder(ToString()).Append(" = ");
            for (var i = 0; i < shown; i++)
                text.Append(i == 0 ? "" : " ").Append(values.data<double>()[i].ToString("g5", CultureInfo.InvariantCulture));
            return text.Append(values.NumberOfElements > shown ? " ..." : "").ToString();
        }
    }
}
