using System.Text.Json;
using SafetyPortal.Requests.Audit;

namespace SafetyPortal.Requests.Tests.Audit;

public class CanonicalJsonTests
{
    // RFC 8785, appendix B: IEEE 754 bits and the text ECMAScript gives them.
    [Theory]
    [InlineData(0x0000000000000000UL, "0")]
    [InlineData(0x8000000000000000UL, "0")]
    [InlineData(0x0000000000000001UL, "5e-324")]
    [InlineData(0x8000000000000001UL, "-5e-324")]
    [InlineData(0x7fefffffffffffffUL, "1.7976931348623157e+308")]
    [InlineData(0xffefffffffffffffUL, "-1.7976931348623157e+308")]
    [InlineData(0x4340000000000000UL, "9007199254740992")]
    [InlineData(0xc340000000000000UL, "-9007199254740992")]
    [InlineData(0x4430000000000000UL, "295147905179352830000")]
    [InlineData(0x44b52d02c7e14af5UL, "9.999999999999997e+22")]
    [InlineData(0x44b52d02c7e14af6UL, "1e+23")]
    [InlineData(0x44b52d02c7e14af7UL, "1.0000000000000001e+23")]
    [InlineData(0x444b1ae4d6e2ef4eUL, "999999999999999700000")]
    [InlineData(0x444b1ae4d6e2ef4fUL, "999999999999999900000")]
    [InlineData(0x444b1ae4d6e2ef50UL, "1e+21")]
    [InlineData(0x3eb0c6f7a0b5ed8cUL, "9.999999999999997e-7")]
    [InlineData(0x3eb0c6f7a0b5ed8dUL, "0.000001")]
    [InlineData(0x41b3de4355555553UL, "333333333.3333332")]
    [InlineData(0x41b3de4355555554UL, "333333333.33333325")]
    [InlineData(0x41b3de4355555555UL, "333333333.3333333")]
    [InlineData(0x41b3de4355555556UL, "333333333.3333334")]
    [InlineData(0x41b3de4355555557UL, "333333333.33333343")]
    [InlineData(0xbecbf647612f3696UL, "-0.0000033333333333333333")]
    [InlineData(0x43143ff3c1cb0959UL, "1424953923781206.2")]
    public void Number_FromAppendixB_IsWrittenAsThere(ulong bits, string expected) =>
        CanonicalNumber.Format(BitConverter.UInt64BitsToDouble(bits)).ShouldBe(expected);

    [Fact]
    public void Canonicalize_ExampleOfSection322_GivesTheTextOfSection323()
    {
        const string input = """
            {
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """;

        Canonicalize(input).ShouldBe(
            """{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}""");
    }

    [Fact]
    public void Canonicalize_MembersOfSection323_AreSortedByUtf16Units()
    {
        const string input = """
            {
              "\u20ac": "Euro Sign",
              "\r": "Carriage Return",
              "\ufb33": "Hebrew Letter Dalet With Dagesh",
              "1": "One",
              "\ud83d\ude00": "Emoji: Grinning Face",
              "\u0080": "Control",
              "\u00f6": "Latin Small Letter O With Diaeresis"
            }
            """;

        using var sorted = JsonDocument.Parse(Canonicalize(input));

        sorted.RootElement.EnumerateObject().Select(member => member.Name)
            .ShouldBe(["\r", "1", "\u0080", "\u00f6", "\u20ac", "\ud83d\ude00", "\ufb33"]);
    }

    [Theory]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("\"\\ud83d\"")]
    public void Canonicalize_DoubledMemberOrHalfSurrogate_Throws(string input) =>
        (Should.Throw<Exception>(() => Canonicalize(input)) is JsonException or InvalidOperationException).ShouldBeTrue();

    [Fact]
    public void Canonicalize_IntegerBeyond2To53_ThrowsInsteadOfLosingDigits()
    {
        Canonicalize("9007199254740992").ShouldBe("9007199254740992");
        Should.Throw<NotSupportedException>(() => Canonicalize("9007199254740993"));
        Should.Throw<NotSupportedException>(() => Canonicalize("12345678901234567890"));
    }

    [Theory]
    [InlineData(1e18)]
    [InlineData(123456789012345680000d)]
    [InlineData(1e21)]
    [InlineData(-0d)]
    public void Canonicalize_ItsOwnText_IsTheSameText(double value)
    {
        var text = CanonicalJson.Serialize(new { value });

        Canonicalize(text).ShouldBe(text);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.NegativeInfinity)]
    public void Serialize_NumberThatIsNotFinite_ThrowsNotSupported(double value) =>
        Should.Throw<NotSupportedException>(() => CanonicalJson.Serialize(new { value })).Message.ShouldContain("finite");

    [Fact]
    public void Options_MemberThatAppearsTwice_IsRefused() =>
        Should.Throw<JsonException>(() => JsonSerializer.Deserialize<Dictionary<string, int>>("""{"a":1,"a":2}""", CanonicalJson.Options));

    [Fact]
    public void Options_NumberForAnEnum_IsRefused() =>
        Should.Throw<JsonException>(() => JsonSerializer.Deserialize<AuditFault>("1", CanonicalJson.Options));

    [Fact]
    public void Digest_MembersInOtherOrder_IsTheSame() =>
        CanonicalJson.Digest(new { A = 1, B = new[] { 1.5, 2 } }).ShouldBe(CanonicalJson.Digest(new { B = new[] { 1.5, 2 }, A = 1 }));

    [Fact]
    public void DigestOfText_Abc_IsTheSha256OfFips180() =>
        CanonicalJson.DigestOfText("abc").ShouldBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

    private static string Canonicalize(string json)
    {
        using var document = JsonDocument.Parse(json);
        return CanonicalJson.Canonicalize(document.RootElement);
    }
}
