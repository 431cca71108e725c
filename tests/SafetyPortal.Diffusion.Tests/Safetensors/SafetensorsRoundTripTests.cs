using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Tests;
using TorchSharp;
using static SafetyPortal.Diffusion.Tests.Safetensors.SafetensorsBytes;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests.Safetensors;

public sealed class SafetensorsRoundTripTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly DisposeScope scope = NewDisposeScope();

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Int16)]
    [InlineData(ScalarType.Int8)]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Bool)]
    public void Read_WhatWasWritten_IsTheSame(ScalarType type)
    {
        var original = arange(0, 24, dtype: ScalarType.Float32).clamp(0, type == ScalarType.Bool ? 1 : 100).reshape(2, 3, 4).to(type);
        SafetensorsWriter.Write(folder.At("t.safetensors"), [("t", original)]);
        using var file = SafetensorsFile.Open(folder.At("t.safetensors"));
        var read = file.Read("t");
        read.dtype.ShouldBe(type);
        read.shape.ShouldBe([2, 3, 4]);
        read.bytes.ToArray().ShouldBe(original.bytes.ToArray());
    }

    [Fact]
    public void Read_LittleEndianFloats_HaveTheirValues()
    {
        // 1.0f and -2.0f as IEEE 754 singles.
        byte[] data = [0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x00, 0xc0];
        var header = "{" + Entry("v", "F32", "[2]", "[0,8]") + "}";
        var content = Build(header, 8);
        data.CopyTo(content, content.Length - 8);
        using var file = SafetensorsFile.Open(folder.Write("f.safetensors", content));
        file.Read("v").data<float>().ToArray().ShouldBe([1f, -2f]);
        file.Read("v", ScalarType.Float64).data<double>().ToArray().ShouldBe([1.0, -2.0]);
    }

    [Fact]
    public void Read_ScalarAndEmptyTensors_KeepTheirShape()
    {
        SafetensorsWriter.Write(folder.At("s.safetensors"), [("scalar", full([], 7f)), ("empty", zeros([0, 5]))]);
        using var file = SafetensorsFile.Open(folder.At("s.safetensors"));
        file.Read("scalar").shape.ShouldBeEmpty();
        file.Read("scalar").ToSingle().ShouldBe(7f);
        file.Read("empty").shape.ShouldBe([0, 5]);
    }

    [Fact]
    public void Read_HeaderPaddedWithSpaces_IsAccepted()
    {
        using var file = SafetensorsFile.Open(folder.Write("p.safetensors", Build("{" + Entry("a", "U8", "[2]", "[0,2]") + "}     ", 2)));
        file.Read("a").data<byte>().ToArray().ShouldBe([0, 1]);
    }

    [Fact]
    public void Read_UnknownName_NamesIt()
    {
        SafetensorsWriter.Write(folder.At("t.safetensors"), [("a", ones([1]))]);
        using var file = SafetensorsFile.Open(folder.At("t.safetensors"));
        Should.Throw<ModelFormatException>(() => file.Read("b")).Message.ShouldContain("no tensor named \"b\"");
    }

    [Fact]
    public void Write_SameTensors_GivesSameBytesAndKeepsOrderAndMetadata()
    {
        List<(string, Tensor)> tensors = [("z", ones([3])), ("half", ones([3], dtype: ScalarType.Float16)), ("a", arange(0, 6).reshape(2, 3))];
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["z"] = "last", ["base"] = "größe \"1\"" };
        SafetensorsWriter.Write(folder.At("1.safetensors"), tensors, metadata);
        SafetensorsWriter.Write(folder.At("2.safetensors"), tensors, metadata.Reverse().ToDictionary(StringComparer.Ordinal));
        File.ReadAllBytes(folder.At("1.safetensors")).ShouldBe(File.ReadAllBytes(folder.At("2.safetensors")));

        using var file = SafetensorsFile.Open(folder.At("1.safetensors"));
        file.Metadata.ShouldBe(metadata, ignoreOrder: true);
        // Eight-byte integers, then floats, then halves: each aligned for its type.
        file.Entries.Keys.ShouldBe(["a", "z", "half"]);
        (file.Entries["half"].Offset % 2).ShouldBe(0);
    }

    [Fact]
    public void Write_NonContiguousTensorAndConversion_StoresRowMajorHalves()
    {
        var matrix = arange(0, 6, dtype: ScalarType.Float32).reshape(2, 3).t();
        SafetensorsWriter.Write(folder.At("t.safetensors"), [("m", matrix), ("i", arange(0, 2))], @as: ScalarType.Float16);
        using var file = SafetensorsFile.Open(folder.At("t.safetensors"));
        file.Entries["i"].Dtype.ShouldBe(ScalarType.Int64);
        file.Entries["m"].Dtype.ShouldBe(ScalarType.Float16);
        file.Read("m", ScalarType.Float32).data<float>().ToArray().ShouldBe([0f, 3f, 1f, 4f, 2f, 5f]);
    }

    [Fact]
    public void Write_Failing_LeavesTheOldFileAndNoTemporary()
    {
        var path = folder.At("t.safetensors");
        SafetensorsWriter.Write(path, [("a", ones([1]))]);
        var before = File.ReadAllBytes(path);
        Should.Throw<ArgumentException>(() => SafetensorsWriter.Write(path, [("a", ones([1])), ("a", ones([2]))])).Message
            .ShouldContain("Two tensors are named \"a\"");
        Should.Throw<ArgumentException>(() => SafetensorsWriter.Write(path, [("", ones([1]))]));
        File.ReadAllBytes(path).ShouldBe(before);
        Directory.GetFiles(folder.Root).ShouldBe([path]);
    }

    [Fact]
    public void Open_FileOfTheReferenceLibrary_ListsItsTensors()
    {
        using var file = SafetensorsFile.Open(GoldenFolder.At("pipeline", "unet", "diffusion_pytorch_model.safetensors"));
        file.Entries.Count.ShouldBe(686);
        file.Entries["conv_in.weight"].Shape.ShouldBe([16, 4, 3, 3]);
    }

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }
}
