using System.Text;
using SafetyPortal.Diffusion.Safetensors;
using static SafetyPortal.Diffusion.Tests.Safetensors.SafetensorsBytes;

namespace SafetyPortal.Diffusion.Tests.Safetensors;

/// <summary>Opening a damaged file throws with a message of its own for every kind of damage.</summary>
public sealed class SafetensorsDamageTests : IDisposable
{
    private static readonly string Deep = new string('[', 40) + new string(']', 40);

    private readonly TemporaryFolder folder = new();

    public static TheoryData<string, byte[], string> Damages => new()
    {
        // The length in front.
        { "empty file", [], "has 0 bytes, or is a pipe or device; expected a safetensors file" },
        { "cut off in the length", [1, 2, 3], "has 3 bytes" },
        { "header length beyond the limit", Prefixed(100_000_001, "{}"u8), "at most 100000000 are allowed" },
        { "header length of all ones", Prefixed(ulong.MaxValue, "{}"u8), "claims a header of 18446744073709551615 bytes" },
        { "header longer than the file", Prefixed(1000, "{}"u8), "claims a header of 1000 bytes, but only 2 bytes follow" },
        { "header length zero", Prefixed(0, "{}"u8), "claims a header of 0 bytes" },

        // The header as text.
        { "not an object", Build("[1,2,3]", 0), "must begin with '{', got byte 0x5b" },
        { "not UTF-8", Prefixed(4, [(byte)'{', 0xff, 0xfe, (byte)'}']), "not valid UTF-8" },
        { "not JSON", Build("{\"a\":", 0), "not well-formed JSON" },
        { "text behind the object", Build("{}garbage", 0), "not well-formed JSON" },
        { "nested too deeply", Build("{\"a\":" + Deep + "}", 0), "must be an object, got a list" },
        { "nested too deeply in a field", Build("{\"a\":{\"shape\":" + Deep + "}}", 0), "shape must hold numbers, got a list" },

        // Names and metadata.
        { "a tensor twice", Two("[2]", "[0,2]", "a", "[2]", "[2,4]", 4), "tensor \"a\" appears twice" },
        { "a field twice", Build("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1), "has the field dtype twice" },
        { "metadata twice", Build("{\"__metadata__\":{},\"__metadata__\":{}}", 0), "__metadata__ appears twice" },
        { "a metadata key twice", Build("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0), "__metadata__ key \"k\" appears twice" },
        { "metadata not text", Build("{\"__metadata__\":{\"k\":1}}", 0), "__metadata__ value of \"k\" must be a string, got a number" },
        { "metadata not an object", Build("{\"__metadata__\":[]}", 0), "__metadata__ must be an object, got a list" },
        { "an empty name", Build("{" + Entry("", "U8", "[1]", "[0,1]") + "}", 1), "a tensor has an empty name" },
        { "a control character in a name", Build("{" + Entry("a\\u0000b", "U8", "[1]", "[0,1]") + "}", 1), "a control character" },

        // JSON escapes can name half a surrogate pair, which is no text.
        { "half a character in a name", Build("{" + Entry("a\\ud800", "U8", "[1]", "[0,1]") + "}", 1), "half of a surrogate pair" },
        { "half a character in a field", Build("{\"a\":{\"\\udc00\":1}}", 0), "half of a surrogate pair" },
        { "half a character in a dtype", One("\\ud800", "[1]", "[0,1]", 1), "half of a surrogate pair" },
        { "half a character in the metadata", Build("{\"__metadata__\":{\"k\":\"\\ud800x\"}}", 0), "half of a surrogate pair" },

        // Fields of a tensor.
        { "a tensor that is no object", Build("{\"a\":5}", 0), "tensor \"a\" must be an object, got a number" },
        { "no dtype", Build("{\"a\":{\"shape\":[1],\"data_offsets\":[0,1]}}", 1), "tensor \"a\" has no dtype" },
        { "no shape", Build("{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", 1), "tensor \"a\" has no shape" },
        { "no offsets", Build("{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1), "tensor \"a\" has no data_offsets" },
        { "an unknown field", Build("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":1}}", 1), "has an unknown field \"x\"" },
        { "an unknown dtype", One("F128", "[1]", "[0,16]", 16), "unknown dtype \"F128\"" },
        { "an unsupported dtype", One("F8_E4M3", "[1]", "[0,1]", 1), "dtype F8_E4M3 is not supported; supported are F64, F32" },
        { "a dtype that is no text", Build("{\"a\":{\"dtype\":32,\"shape\":[1],\"data_offsets\":[0,1]}}", 1), "dtype must be a string, got a number" },

        // Shapes.
        { "a negative size", One("U8", "[-1]", "[0,1]", 1), "shape must hold whole numbers from 0 to 2^63-1, got -1" },
        { "a fractional size", One("U8", "[1.5]", "[0,1]", 1), "shape must hold whole numbers from 0 to 2^63-1, got 1.5" },
        { "a size beyond 64 bits", One("U8", "[99999999999999999999]", "[0,1]", 1), "got 99999999999999999999" },
        { "a product beyond 64 bits", One("F32", "[4294967296,4294967296]", "[0,0]", 0), "the size of shape [4294967296, 4294967296] overflows" },
        { "a product beyond 64 bits hidden by a zero", One("F32", "[4294967296,4294967296,0]", "[0,0]", 0), "overflows 64 bits" },
        { "too many dimensions", One("U8", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,1]", 1), "shape has more than 16 numbers" },

        // Offsets.
        { "one offset", One("U8", "[1]", "[0]", 1), "data_offsets must be [begin, end], got 1 number(s)" },
        { "three offsets", One("U8", "[1]", "[0,1,2]", 1), "data_offsets has more than 2 numbers" },
        { "offsets backwards", One("U8", "[1]", "[1,0]", 1), "data_offsets run backwards, from 1 to 0" },
        { "an offset beyond the file", One("U8", "[9]", "[0,9]", 4), "ends at byte 9 of the data, but the file holds only 4 bytes" },
        { "fewer bytes than the shape needs", One("F32", "[2]", "[0,4]", 4), "F32 [2] needs 8 bytes, but data_offsets span 4" },
        { "more bytes than the shape needs", One("F16", "[2]", "[0,8]", 8), "F16 [2] needs 4 bytes, but data_offsets span 8" },
        { "an overlap", Two("[4]", "[0,4]", "b", "[4]", "[2,6]", 6), "\"b\" begins at byte 2 and overlaps \"a\", which ends at 4" },
        { "a hole", Two("[2]", "[0,2]", "b", "[2]", "[4,6]", 6), "a hole of 2 bytes lies between \"a\" and \"b\"" },
        { "a late start", One("U8", "[2]", "[2,4]", 4), "the first tensor, \"a\", begins at byte 2 instead of 0" },
        { "bytes left over", One("U8", "[2]", "[0,2]", 7), "5 bytes follow the last tensor" },
        { "data without tensors", Build("{}", 3), "3 bytes follow the last tensor" },

        // Other formats.
        { "a zipped pickle", [.. "PK\x03\x04"u8, .. new byte[40]], "is a PyTorch pickle; loading one can run any program" },
        { "a bare pickle of protocol 2", [0x80, 2, .. new byte[40]], "is a PyTorch pickle" },
        { "a bare pickle of protocol 3", [0x80, 3, .. new byte[40]], "is a PyTorch pickle" },
        { "a bare pickle of protocol 4", [0x80, 4, .. new byte[40]], "is a PyTorch pickle" },
        { "a bare pickle of protocol 5", [0x80, 5, .. new byte[40]], "is a PyTorch pickle" },
        { "a Git LFS pointer", Encoding.UTF8.GetBytes("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "is a Git LFS pointer" },
        { "a web page", Encoding.UTF8.GetBytes("<!DOCTYPE html><html>"), "is an HTML page" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void Open_DamagedFile_SaysWhatIsWrong(string damage, byte[] content, string message)
    {
        var path = folder.Write("model.safetensors", content);
        var exception = Should.Throw<ModelFormatException>(() => SafetensorsFile.Open(path), damage);
        exception.Message.ShouldStartWith($"{path}: ", Case.Sensitive, damage);
        exception.Message.ShouldContain(message, Case.Sensitive, damage);
    }

    // These lengths begin with the bytes of a pickle's protocol 2 to 5.
    [Theory]
    [InlineData(640)]
    [InlineData(896)]
    [InlineData(1152)]
    [InlineData(1408)]
    [InlineData(640 + 65536)]
    public void Open_HeaderWhoseLengthLooksLikeAPickle_IsRead(int length)
    {
        var header = ("{" + Entry("a", "U8", "[3]", "[0,3]") + "}").PadRight(length);
        using var file = SafetensorsFile.Open(folder.Write("padded.safetensors", Build(header, 3)));
        file.Read("a").data<byte>().ToArray().ShouldBe([0, 1, 2]);
    }

    [Theory]
    [InlineData("none.safetensors")]
    [InlineData("")]
    public void Open_MissingFileOrFolder_SaysSo(string name) =>
        Should.Throw<ModelFormatException>(() => SafetensorsFile.Open(folder.At(name))).Message.ShouldContain(": cannot be opened");

    [Fact]
    public void Read_BooleanOtherThanZeroAndOne_IsRefused()
    {
        using var file = SafetensorsFile.Open(folder.Write("b.safetensors", One("BOOL", "[3]", "[0,3]", 3)));
        Should.Throw<ModelFormatException>(() => file.Read("a")).Message.ShouldContain("a byte other than 0 and 1");
    }

    [Fact]
    public void Read_FileCutOffWhileOpen_IsRefusedInsteadOfKillingTheProcess()
    {
        var path = folder.Write("c.safetensors", One("U8", "[100000]", "[0,100000]", 100_000));
        using var file = SafetensorsFile.Open(path);
        using (var other = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete))
            other.SetLength(50);
        Should.Throw<ModelFormatException>(() => file.Read("a")).Message.ShouldContain("became shorter");
    }

    [Fact]
    public void Open_RandomBytes_NeverThrowsAnythingElse()
    {
        // A fixed seed, so that a failure can be repeated.
        var random = new Random(20251);
        var sound = Build("{" + Entry("first", "F32", "[2,3]", "[0,24]") + "," + Entry("second", "I64", "[1]", "[24,32]") + "}", 32);
        for (var round = 0; round < 3000; round++)
        {
            var damaged = (byte[])sound.Clone();
            for (var change = random.Next(1, 4); change > 0; change--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            var path = folder.Write("fuzz.safetensors", damaged[..random.Next(damaged.Length / 2, damaged.Length + 1)]);
            try
            {
                using var file = SafetensorsFile.Open(path);
                foreach (var entry in file.Entries.Values)
                    entry.ByteLength.ShouldBeLessThanOrEqualTo(32);
            }
            catch (ModelFormatException)
            {
                // Damage may be refused, with this exception alone.
            }
        }
    }

    public void Dispose() => folder.Dispose();

    // A file of a tensor "a".
    private static byte[] One(string dtype, string shape, string offsets, int data) => Build("{" + Entry("a", dtype, shape, offsets) + "}", data);

    // A file of a tensor "a" and another, both of bytes.
    private static byte[] Two(string shape, string offsets, string other, string otherShape, string otherOffsets, int data) =>
        Build("{" + Entry("a", "U8", shape, offsets) + "," + Entry(other, "U8", otherShape, otherOffsets) + "}", data);
}
