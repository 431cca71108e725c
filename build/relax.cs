using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>Copies an ELF library, marking one needed symbol version weak where the machine's own library lacks it.</summary>
public sealed class RelaxSymbolVersion : Task
{
    [Required] public string Input { get; set; }
    [Required] public string Output { get; set; }
    [Required] public string Version { get; set; }          // GLIBCXX_3.4.32
    [Required] public string Provider { get; set; }         // libstdc++.so.6

    public override bool Execute()
    {
        byte[] elf = File.ReadAllBytes(Input);
        string provider = new[] { "/usr/lib/x86_64-linux-gnu/", "/lib/x86_64-linux-gnu/", "/usr/lib64/", "/lib64/", "/usr/lib/" }
            .Select(d => d + Provider).FirstOrDefault(File.Exists);
        bool has = provider != null && Find(File.ReadAllBytes(provider), Encoding.ASCII.GetBytes("\0" + Version + "\0"));
        if (!has)
        {
            int n = Relax(elf);
            string found = provider ?? "no provider found";
            Log.LogMessage(MessageImportance.Normal, "{0}: {1} entry of {2} made weak ({3})", Path.GetFileName(Input), n, Version, found);
        }

        if (Log.HasLoggedErrors)
            return false;
        Directory.CreateDirectory(Path.GetDirectoryName(Output));
        File.Delete(Output);                                // never write through a hard link
        File.WriteAllBytes(Output, elf);
        return true;
    }

    private int Relax(byte[] d)
    {
        const uint Rela = 4, Verneed = 0x6ffffffe, Versym = 0x6fffffff;
        if (d.Length < 64 || d[0] != 0x7f || d[1] != 'E' || d[2] != 'L' || d[3] != 'F' || d[4] != 2 || d[5] != 1)
        {
            Log.LogError("{0} is not a little-endian ELF64 file", Input);
            return 0;
        }

        long table = BitConverter.ToInt64(d, 0x28);
        int entry = BitConverter.ToUInt16(d, 0x3a), count = BitConverter.ToUInt16(d, 0x3c), done = 0;
        int Section(int i) => (int)table + (i * entry);
        uint Kind(int i) => BitConverter.ToUInt32(d, Section(i) + 4);
        int Start(int i) => (int)BitConverter.ToInt64(d, Section(i) + 24);
        int End(int i) => Start(i) + (int)BitConverter.ToInt64(d, Section(i) + 32);

        // The versions that relocations ask for: only a version that none of them names may be made weak.
        int versions = Enumerable.Range(0, count).Where(i => Kind(i) == Versym).Select(Start).First();
        var used = new HashSet<int>();
        for (int i = 0; i < count; i++)
            if (Kind(i) == Rela)
                for (int at = Start(i); at < End(i); at += 24)
                    used.Add(BitConverter.ToUInt16(d, versions + (2 * (int)BitConverter.ToUInt32(d, at + 12))) & 0x7fff);

        for (int i = 0; i < count; i++)
        {
            if (Kind(i) != Verneed)
                continue;
            int names = Start(BitConverter.ToInt32(d, Section(i) + 40));
            for (int need = Start(i); ;)
            {
                int aux = need + BitConverter.ToInt32(d, need + 8);
                for (int k = BitConverter.ToUInt16(d, need + 2); k > 0; k--)
                {
                    if (Name(d, names + BitConverter.ToInt32(d, aux + 8)) == Version)
                    {
                        if (used.Contains(BitConverter.ToUInt16(d, aux + 6)))
                            Log.LogError("{0} binds a symbol of {1}: it cannot be relaxed", Input, Version);
                        else
                        {
                            d[aux + 4] |= 2; // VER_FLG_WEAK
                            done++;
                        }
                    }

                    aux += BitConverter.ToInt32(d, aux + 12);
                }

                int next = BitConverter.ToInt32(d, need + 12);
                if (next == 0)
                    break;
                need += next;
            }
        }

        return done;
    }

    private static string Name(byte[] d, int at)
    {
        int end = Array.IndexOf(d, (byte)0, at);
        return Encoding.ASCII.GetString(d, at, end - at);
    }

    private static bool Find(byte[] hay, byte[] needle)
    {
        for (int i = Array.IndexOf(hay, needle[1]); i > 0; i = Array.IndexOf(hay, needle[1], i + 1))
        {
            int k = 0;
            while (k < needle.Length && i - 1 + k < hay.Length && hay[i - 1 + k] == needle[k])
                k++;
            if (k == needle.Length)
                return true;
        }

        return false;
    }
}
