// SPDX-License-Identifier: Apache-2.0
// OtlpSink: events by OTLP, through an outbox of their own.
#pragma once

#include <memory>
#include <string>

#include "sink/otlp_encode.h"
#include "sink/outbox.h"
#include "sink/sink.h"

namespace whodid {

class OtlpSink : public Sink {
public:
    /// `name` is for the operator.
    OtlpSink(std::string name, std::unique_ptr<Outbox> outbox);

    /// What was taken is in the outbox's spool when this returns, or counted as lost.
    Result<std::uint64_t> write(const Batch& batch) override;
    Result<void> flush() override { return outbox_->commit(); }
    Result<void> tick() override;
    std::vector<SinkLoss> take_losses() override;
    SinkCounts counts() const override;
    void close(std::uint64_t patience_ns) override { outbox_->stop(patience_ns); }

private:
    void note(const Result<void>& stored);
    void note_far_end();

    const std::string name_;
    std::unique_ptr<Outbox> outbox_;
    OtlpEncoder encoder_;
    std::string payload_;
    bool is_stuck_ = false;    // the spool took nothing
    bool is_failing_ = false;  // the far end takes nothing, and that was said
};

/// This sensor, as the far end is to know it.
OtlpSource otlp_source(const Stream& stream, const OtlpSettings& settings);

}  // namespace whodid
