// SPDX-License-Identifier: Apache-2.0
// The rings' reader.
#include "source/ring.h"

#include <bpf/libbpf.h>

namespace whodid {

int RingSource::on_record(void* self, void* data, std::size_t bytes) {
    (*static_cast<RingSource*>(self)->take_)({static_cast<const char*>(data), bytes});
    return 0;
}

Result<std::unique_ptr<RingSource>> RingSource::open(const KernelDescriptors& fds) {
    std::unique_ptr<RingSource> source(new RingSource);
    // The vital ring comes first: what a process is must be known before what it did.
    source->rings_ = ring_buffer__new(fds.vital_ring, on_record, source.get(), nullptr);
    if (!source->rings_) return Error::from_errno("cannot map the vital ring");
    if (const int err = ring_buffer__add(source->rings_, fds.ring, on_record, source.get()); err != 0)
        return Error::from_errno("cannot map the event ring", -err);
    return source;
}

RingSource::~RingSource() { ring_buffer__free(rings_); }

Result<bool> RingSource::drain(const Take& take) {
    take_ = &take;
    const int n = ring_buffer__consume(rings_);
    take_ = nullptr;
    if (n < 0) return Error::from_errno("cannot read the rings", -n);
    return true;
}

int RingSource::wait_fd() const { return ring_buffer__epoll_fd(rings_); }

}  // namespace whodid
