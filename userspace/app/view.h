// SPDX-License-Identifier: Apache-2.0
// View: where a command's events go, and what it says about them at the end. trace and replay have it in
// common.
#pragma once

#include <memory>
#include <string>

#include "app/options.h"
#include "app/pipeline.h"
#include "base/fd.h"
#include "base/result.h"

namespace whodid {

class View {
public:
    /// Checks names of kinds and fields, opens what -w names, decides on format and colour. `banner`: a line
    /// above the header of every screenful; elsewhere than on a screen it goes to standard error, once. An
    /// Error with EINVAL is a mistake in the arguments.
    static Result<View> open(const ViewOptions& options, std::string banner = {});

    /// Once events can come: empties the file, or writes the header. A run that fails before leaves the file
    /// as it was.
    Result<void> begin();
    Sink& sink() { return *sink_; }
    /// Events go here.
    int fd() const { return file_.valid() ? file_.get() : 1; }
    /// What the pipeline is to keep.
    PipelineOptions pipeline_options() const;
    /// Says on standard error how many were shown, kept back, folded and lost.
    void print_footer(const Ledger& ledger, const Filter& filter, std::uint64_t shown) const;

private:
    ViewOptions options_;
    Format format_ = Format::kText;
    PersonMap people_;
    WatchList watch_;
    Fd file_;
    std::unique_ptr<StreamSink> sink_;
};

}  // namespace whodid
