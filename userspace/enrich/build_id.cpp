// SPDX-License-Identifier: Apache-2.0
// Reading the build id by BCC, of files that anybody may have made.
//
// BCC writes as many digits as the section is long into a buffer whose size it does not know, and a file may
// change between a look at it and BCC's own. So the note is found and checked here, and BCC is given a small
// file that holds it and nothing else.
#include "enrich/build_id.h"

#include <bcc/bcc_elf.h>
#include <elf.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace whodid {

namespace {

constexpr std::size_t kSectionsMax = 4096;
constexpr std::size_t kNamesMax = 1 << 20;                        // bytes
constexpr std::size_t kIdMax = 64;                                // bytes; linkers make 8 to 20
constexpr std::size_t kNoteHead = sizeof(Elf32_Nhdr) + 4;         // and "GNU"
constexpr std::uint64_t kOffsetMax = std::uint64_t{1} << 40;      // beyond it no offset is believed
constexpr std::string_view kSection(".note.gnu.build-id\0", 19);  // as it stands among the names
constexpr unsigned char kNative = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

using Bytes = std::vector<char>;

/// The index'th T of an array.
template <class T>
T at(const Bytes& bytes, std::size_t index) {
    T value{};
    std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
    return value;
}

/// All of it, or nothing.
std::optional<Bytes> read_piece(int fd, std::uint64_t offset, std::size_t size) {
    if (offset > kOffsetMax) return std::nullopt;
    Bytes bytes(size);
    std::size_t got = 0;
    while (got < size) {
        const ssize_t n = ::pread(fd, bytes.data() + got, size - got, static_cast<off_t>(offset + got));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return std::nullopt;
        got += static_cast<std::size_t>(n);
    }
    return bytes;
}

bool is_build_id(const Bytes& note) {
    if (note.size() <= kNoteHead || note.size() > kNoteHead + kIdMax) return false;
    const auto head = at<Elf32_Nhdr>(note, 0);
    return head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 && head.n_descsz == note.size() - kNoteHead &&
           std::memcmp(note.data() + sizeof head, "GNU", 4) == 0;
}

/// The note, checked. The first section of that name is the one that counts, as it is for BCC.
template <class Header, class Section>
std::optional<Bytes> find_note(int fd) {
    const auto head = read_piece(fd, 0, sizeof(Header));
    if (!head) return std::nullopt;
    const auto header = at<Header>(*head, 0);
    if (header.e_shentsize != sizeof(Section) || header.e_shnum > kSectionsMax ||
        header.e_shstrndx >= header.e_shnum)
        return std::nullopt;
    const auto table = read_piece(fd, header.e_shoff, header.e_shnum * sizeof(Section));
    if (!table) return std::nullopt;
    const auto naming = at<Section>(*table, header.e_shstrndx);
    if (naming.sh_size > kNamesMax) return std::nullopt;
    const auto names = read_piece(fd, naming.sh_offset, static_cast<std::size_t>(naming.sh_size));
    if (!names) return std::nullopt;
    const std::string_view all(names->data(), names->size());
    for (std::size_t i = 1; i < header.e_shnum; ++i) {
        const auto section = at<Section>(*table, i);
        if (section.sh_name >= all.size() || !all.substr(section.sh_name).starts_with(kSection)) continue;
        if (section.sh_type != SHT_NOTE || section.sh_size > kNoteHead + kIdMax) return std::nullopt;
        auto note = read_piece(fd, section.sh_offset, static_cast<std::size_t>(section.sh_size));
        return note && is_build_id(*note) ? note : std::nullopt;
    }
    return std::nullopt;
}

std::optional<Bytes> find_note(int fd) {
    const auto ident = read_piece(fd, 0, EI_NIDENT);
    if (!ident || std::memcmp(ident->data(), ELFMAG, SELFMAG) != 0 || (*ident)[EI_DATA] != kNative)
        return std::nullopt;
    if ((*ident)[EI_CLASS] == ELFCLASS64) return find_note<Elf64_Ehdr, Elf64_Shdr>(fd);
    if ((*ident)[EI_CLASS] == ELFCLASS32) return find_note<Elf32_Ehdr, Elf32_Shdr>(fd);
    return std::nullopt;
}

/// The smallest ELF file with such a note: a header, three section headers, their names, the note.
struct NoteFile {
    Elf64_Ehdr header{};
    Elf64_Shdr sections[3]{};
    char names[32] = "\0.shstrtab\0.note.gnu.build-id";
    char note[kNoteHead + kIdMax]{};

    explicit NoteFile(const Bytes& bytes) {
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS64;
        header.e_ident[EI_DATA] = kNative;
        header.e_ident[EI_VERSION] = header.e_version = EV_CURRENT;
        header.e_type = ET_REL;
        header.e_ehsize = sizeof header;
        header.e_shoff = offsetof(NoteFile, sections);
        header.e_shentsize = sizeof sections[0];
        header.e_shnum = std::size(sections);
        header.e_shstrndx = 1;
        sections[1] = section(1, SHT_STRTAB, offsetof(NoteFile, names), sizeof names);
        sections[2] = section(11, SHT_NOTE, offsetof(NoteFile, note), bytes.size());
        std::memcpy(note, bytes.data(), bytes.size());
    }
    static Elf64_Shdr section(Elf64_Word name, Elf64_Word type, std::size_t offset, std::size_t size) {
        Elf64_Shdr made{};
        made.sh_name = name;
        made.sh_type = type;
        made.sh_offset = offset;
        made.sh_size = size;
        made.sh_addralign = 4;
        return made;
    }
};

}  // namespace

std::string read_build_id(int fd) {
    const auto note = find_note(fd);
    if (!note) return {};
    const NoteFile file(*note);
    const Fd memory(::memfd_create("build-id", MFD_CLOEXEC));
    if (::write(memory.get(), &file, sizeof file) != static_cast<ssize_t>(sizeof file)) return {};
    char digits[2 * kIdMax + 1] = {};
    const std::string path = fmt::format("/proc/self/fd/{}", memory.get());
    return bcc_elf_get_buildid(path.c_str(), digits) == 0 ? std::string(digits) : std::string();
}

}  // namespace whodid
