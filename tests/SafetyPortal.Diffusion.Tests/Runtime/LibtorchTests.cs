using SafetyPortal.Diffusion.Runtime;
using TorchSharp;

namespace SafetyPortal.Diffusion.Tests.Runtime;

public sealed class LibtorchTests
{
    [Fact]
    public void Version_OfTheLoadedLibrary_IsThatOfThePackage() => Libtorch.Version.ShouldBe("2.10.0");

    [Fact]
    public void Kernels_OfThisProcessor_AreNamed() => Libtorch.Kernels.ShouldBeOneOf("AVX512", "AVX2", "DEFAULT");

    [Fact]
    public void Load_CalledAgain_GivesTheFolderWithBothLibraries()
    {
        var folder = Libtorch.Load();

        Libtorch.Load().ShouldBe(folder);
        File.Exists(Path.Combine(folder, "libtorch_cpu.so")).ShouldBeTrue();
        Loaded("libtorch_cpu.so").ShouldHaveSingleItem().ShouldStartWith(folder);
        Loaded("libLibTorchSharp.so").ShouldHaveSingleItem().ShouldStartWith(folder);
        using var one = torch.ones(1);
        one.item<float>().ShouldBe(1);
    }

    private static IReadOnlyList<string> Loaded(string name) =>
    [
        .. File.ReadLines("/proc/self/maps").Where(line => line.EndsWith("/" + name, StringComparison.Ordinal))
            .Select(line => line[line.IndexOf('/')..]).Distinct(StringComparer.Ordinal),
    ];
}
