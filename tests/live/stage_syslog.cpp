// SPDX-License-Identifier: Apache-2.0
#include "stage_syslog.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

namespace whodid::live {

SyslogReader::SyslogReader(Fd socket)
    : socket_(std::move(socket)), stop_(eventfd(0, EFD_CLOEXEC)), thread_([this] { read_until_stopped(); }) {}

SyslogReader::~SyslogReader() {
    eventfd_write(stop_.get(), 1);
    thread_.join();
}

void SyslogReader::read_until_stopped() {
    pollfd sources[] = {{socket_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    do {
        poll(sources, 2, -1);
        while (read_line()) continue;
    } while (!sources[1].revents);
}

bool SyslogReader::read_line() {
    char text[16384];
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
    iovec part{text, sizeof text};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t size = recvmsg(socket_.get(), &message, MSG_DONTWAIT);
    if (size < 0) return false;

    SyslogLine line{std::string(text, static_cast<size_t>(size)), 0, 0};
    for (cmsghdr* head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_CREDENTIALS) continue;
        ucred sender;
        std::memcpy(&sender, CMSG_DATA(head), sizeof sender);
        line.pid = sender.pid;
        line.uid = sender.uid;
    }
    std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    arrived_.notify_all();
    return true;
}

std::vector<SyslogLine> SyslogReader::lines() const {
    std::lock_guard lock(mutex_);
    return lines_;
}

Result<SyslogLine> SyslogReader::wait_for(const std::string& text, milliseconds limit, size_t from) const {
    std::unique_lock lock(mutex_);
    auto deadline = std::chrono::steady_clock::now() + patient(limit);
    for (size_t next = from;;) {
        for (; next < lines_.size(); next++)
            if (lines_[next].text.find(text) != std::string::npos) return lines_[next];
        if (arrived_.wait_until(lock, deadline) != std::cv_status::timeout) continue;
        std::string problem = "no line with \"" + text + "\" came to /dev/log in ";
        problem += std::to_string(limit.count()) + " ms; these did:\n";
        for (size_t i = from; i < lines_.size(); i++) problem += lines_[i].text + "\n";
        return Error{problem, ETIMEDOUT};
    }
}

}  // namespace whodid::live
