using SafetyPortal.Evaluation;
using SafetyPortal.Trials.Measuring;
using static TorchSharp.torch;

namespace SafetyPortal.Trials.Tests.Measuring;

public sealed class FeatureRowsTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Load_SavedRows_GivesBothNetworks(bool hasSecond)
    {
        var path = Path.GetTempFileName();
        try
        {
            using var values = tensor(new float[] { 1, 2, 3, 4, 5, 6 }, [2, 3]);
            var rows = new FeatureRows();
            rows.Add(values);
            var second = new Features([.. Enumerable.Range(0, 1024).Select(i => (float)i)], 512);
            if (hasSecond)
                rows.AddSecond(second);
            rows.Save(path);

            var loaded = FeatureRows.Load(path);

            loaded.ToFeatures()[1].ToArray().ShouldBe([4f, 5, 6]);
            loaded.ToSecond().Count.ShouldBe(hasSecond ? 2 : 0);
            if (hasSecond)
                loaded.ToSecond()[1].ToArray().ShouldBe(second[1].ToArray());
        }
        finally
        {
            File.Delete(path);
        }
    }
}
