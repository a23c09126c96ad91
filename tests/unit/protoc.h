// SPDX-License-Identifier: Apache-2.0
// Protoc: somebody else's reading and writing of protobuf, by tests/data/proto/otlp.proto. And what protoc
// would not write, by hand.
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "unit/directory.h"

namespace whodid::test {

/// A length-delimited field; the length takes a byte for each 7 bits.
inline std::string within(int tag, const std::string& bytes) {
    std::string field(1, static_cast<char>(tag << 3 | 2));
    std::size_t length = bytes.size();
    for (; length > 127; length >>= 7) field += static_cast<char>((length & 127) | 128);
    return field + static_cast<char>(length) + bytes;
}

class Protoc {
public:
    static bool is_there() { return std::system("command -v protoc >/dev/null") == 0; }

    /// The text of a message's bytes; fails the test where protoc cannot read them.
    std::string decode(const std::string& message, std::string_view bytes) const {
        return run("decode", message, bytes);
    }
    /// The bytes again.
    std::string encode(const std::string& message, std::string_view text) const {
        return run("encode", message, text);
    }

private:
    std::string run(const std::string& way, const std::string& message, std::string_view input) const {
        const std::string in = directory_.write("in", input), out = directory_.path + "/out";
        const int status = std::system(
            fmt::format("protoc --{}=wire.{} -Itests/data/proto otlp.proto <{} >{}", way, message, in, out)
                .c_str());
        EXPECT_EQ(status, 0) << "protoc --" << way;
        std::ifstream file(out, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    Directory directory_;
};

}  // namespace whodid::test
