// SPDX-License-Identifier: Apache-2.0
// Build ids, also of files that want to do harm.
#include "enrich/build_id.h"

#include <gtest/gtest.h>

#include "elf_file.h"

namespace whodid {
namespace {

using test::Elf32File;
using test::Elf64File;
using test::file_of;

constexpr const char* kId = "deadbeef00017fff";

std::string build_id_of(std::string_view bytes) { return read_build_id(file_of(bytes).get()); }

TEST(BuildId, IsReadOfBothClasses) {
    EXPECT_EQ(build_id_of(Elf64File().bytes()), kId);
    EXPECT_EQ(build_id_of(Elf32File().bytes()), kId);
}

TEST(BuildId, LeavesTheOffsetAlone) {
    const Fd file = file_of(Elf64File().bytes());
    ASSERT_EQ(::lseek(file.get(), 7, SEEK_SET), 7);
    EXPECT_EQ(read_build_id(file.get()), kId);
    EXPECT_EQ(::lseek(file.get(), 0, SEEK_CUR), 7);
}

TEST(BuildId, OfWhatIsNoElf) {
    EXPECT_EQ(build_id_of(""), "");
    EXPECT_EQ(build_id_of("#!/bin/sh\nexit 0\n"), "");
    EXPECT_EQ(build_id_of("\x7f"
                          "ELF"),
              "");
    EXPECT_EQ(read_build_id(-1), "");
}

TEST(BuildId, OfTheOtherByteOrder) {
    Elf64File file;
    file.header.e_ident[EI_DATA] = ELFDATA2MSB;
    EXPECT_EQ(build_id_of(file.bytes()), "");
}

// bcc_elf_get_buildid prints as many digits as the section says it is long, whatever room there is.
TEST(BuildId, OfASectionThatIsTooLong) {
    for (const Elf64_Xword size : {Elf64_Xword{85}, Elf64_Xword{4096}, ~Elf64_Xword{0}}) {
        Elf64File file;
        file.sections[2].sh_size = size;
        EXPECT_EQ(build_id_of(file.bytes() + std::string(8192, 'A')), "") << size;
    }
}

TEST(BuildId, OfTheLongestNote) {
    Elf64File file;
    file.note.n_descsz = 64;
    file.sections[2].sh_size = 16 + 64;
    const std::string bytes = file.bytes() + std::string(56, 'A');
    EXPECT_EQ(build_id_of(bytes).size(), 128u);
}

TEST(BuildId, OfANoteThatIsSomethingElse) {
    Elf64File other_owner, other_type, other_size, empty;
    other_owner.owner[0] = 'X';
    other_type.note.n_type = NT_GNU_ABI_TAG;
    other_size.note.n_descsz = 7;
    empty.note.n_descsz = 0;
    empty.sections[2].sh_size = 16;
    for (const Elf64File& file : {other_owner, other_type, other_size, empty})
        EXPECT_EQ(build_id_of(file.bytes()), "");
}

// Its data would be a null pointer.
TEST(BuildId, OfASectionWithoutBytes) {
    Elf64File file;
    file.sections[2].sh_type = SHT_NOBITS;
    EXPECT_EQ(build_id_of(file.bytes()), "");
}

TEST(BuildId, OfHeadersThatLeadNowhere) {
    Elf64File far, many, odd, unnamed, named_beyond, huge_names;
    far.header.e_shoff = ~Elf64_Off{0};
    many.header.e_shnum = 0xffff;
    odd.header.e_shentsize = 1;
    unnamed.header.e_shstrndx = 3;
    named_beyond.sections[2].sh_name = 32;
    huge_names.sections[1].sh_size = ~Elf64_Xword{0};
    for (const Elf64File& file : {far, many, odd, unnamed, named_beyond, huge_names})
        EXPECT_EQ(build_id_of(file.bytes()), "");
}

TEST(BuildId, OfAFileThatWasCut) {
    const std::string bytes = Elf64File().bytes();
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_EQ(build_id_of(bytes.substr(0, size)), "") << size;
}

}  // namespace
}  // namespace whodid
