using SafetyPortal.Tests;
using SafetyPortal.Trials.Models;

namespace SafetyPortal.Trials.Tests.Models;

public sealed class ModelFolderTests
{
    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("../pipeline")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    public void Resolve_Path_IsRefused(string name) =>
        Should.Throw<ArgumentException>(() => ModelFolder.Resolve(GoldenFolder.At(), name)).Message.ShouldContain("folder under the model root");

    [Fact]
    public void Resolve_Missing_SaysWhere() =>
        Should.Throw<DirectoryNotFoundException>(() => ModelFolder.Resolve(GoldenFolder.At(), "nothing")).Message.ShouldContain("nothing");

    [Fact]
    public void Resolve_FolderUnderTheRoot_IsItsPath() => ModelFolder.Resolve(GoldenFolder.At(), "pipeline").ShouldBe(GoldenFolder.At("pipeline"));
}
