// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value, or an Error that says what failed, on what and why.
#pragma once

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace whodid {

/// Why something did not work. `message` is complete for a reader (what, on what, why, what to do);
/// `code` is an errno value, 0 where none applies.
struct Error {
    std::string message;
    int code = 0;

    /// "<what>: <strerror(code)>"
    static Error from_errno(std::string what, int code = errno) {
        return Error{std::move(what) + ": " + std::strerror(code), code};
    }
};

/// Holds either a T or an Error. Returned, never thrown.
template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }

    T& operator*() { return std::get<0>(state_); }
    const T& operator*() const { return std::get<0>(state_); }
    T* operator->() { return &std::get<0>(state_); }
    const T* operator->() const { return &std::get<0>(state_); }
    const Error& error() const { return std::get<1>(state_); }

private:
    std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    bool ok() const { return !error_; }
    explicit operator bool() const { return ok(); }
    const Error& error() const { return *error_; }

private:
    std::optional<Error> error_;
};

}  // namespace whodid
