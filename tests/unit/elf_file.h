// SPDX-License-Identifier: Apache-2.0
// ELF files with a build id note, as a linker makes them and as nobody would.
#pragma once

#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace whodid::test {

template <class Header, class Section>
struct ElfFile {
    Header header{};
    Section sections[3]{};
    char names[32] = "\0.shstrtab\0.note.gnu.build-id";
    Elf32_Nhdr note{4, 8, NT_GNU_BUILD_ID};
    char owner[4] = "GNU";
    unsigned char id[8] = {0xde, 0xad, 0xbe, 0xef, 0x00, 0x01, 0x7f, 0xff};

    ElfFile() {
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = sizeof(Header) == sizeof(Elf64_Ehdr) ? ELFCLASS64 : ELFCLASS32;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        header.e_ident[EI_VERSION] = EV_CURRENT;
        header.e_shoff = offsetof(ElfFile, sections);
        header.e_shentsize = sizeof(Section);
        header.e_shnum = 3;
        header.e_shstrndx = 1;
        sections[1].sh_name = 1;
        sections[1].sh_type = SHT_STRTAB;
        sections[1].sh_offset = offsetof(ElfFile, names);
        sections[1].sh_size = sizeof names;
        sections[2].sh_name = 11;
        sections[2].sh_type = SHT_NOTE;
        sections[2].sh_offset = offsetof(ElfFile, note);
        sections[2].sh_size = sizeof note + sizeof owner + sizeof id;
    }
    std::string bytes() const { return {reinterpret_cast<const char*>(this), sizeof *this}; }
};

using Elf64File = ElfFile<Elf64_Ehdr, Elf64_Shdr>;
using Elf32File = ElfFile<Elf32_Ehdr, Elf32_Shdr>;

/// A file that holds these bytes and has no name.
inline Fd file_of(std::string_view bytes) {
    Fd file(::memfd_create("test", MFD_CLOEXEC));
    if (::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return {};
    return file;
}

}  // namespace whodid::test
