// SPDX-License-Identifier: Apache-2.0
// Where events go.
#include "app/view.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "app/footer.h"
#include "app/people.h"
#include "app/say.h"
#include "app/watch.h"

namespace whodid {

namespace {

Result<Fd> open_to_write(const std::string& path) {
    Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600));
    if (!file.valid()) return Error::from_errno("cannot write " + path);
    return file;
}

Result<void> check(const ViewOptions& options) {
    if (auto filter = Filter::compile(filter_options(options), {}); !filter) return filter.error();
    if (auto keys = resolve_fields(options.fields); !keys) return keys.error();
    if (!options.write_path.empty() && options.format && is_text(*options.format))
        return Error{"-w writes JSON lines: it goes with -o json or -o flat", EINVAL};
    return {};
}

}  // namespace

Result<View> View::open(const ViewOptions& options, std::string banner) {
    if (auto checked = check(options); !checked) return checked.error();
    View view;
    view.options_ = options;
    auto people = read_person_map(options.person_map_path);
    if (!people) return people.error();
    view.people_ = std::move(*people);
    auto watch = read_watch_list(options.watch_paths);
    if (!watch) return watch.error();
    view.watch_ = std::move(*watch);
    const bool to_file = !options.write_path.empty() && options.write_path != "-";
    if (to_file) {
        auto file = open_to_write(options.write_path);
        if (!file) return file.error();
        view.file_ = std::move(*file);
    }
    const bool screen = options.write_path.empty() && ::isatty(STDOUT_FILENO);
    view.format_ = options.format.value_or(screen ? Format::kText : Format::kJson);
    TextOptions text;
    text.color = wants_color(options.color, screen, ColorEnvironment::of_process());
    text.local_time = options.local_time;
    text.keys = options.fields;
    if (is_text(view.format_))
        text.banner = std::move(banner);
    else if (!banner.empty() && !options.quiet)
        say(banner + "\n");
    view.sink_ = std::make_unique<StreamSink>(view.fd(), view.format_, text);
    return view;
}

/// Events name people: the file is for its owner alone, also where it was there before.
Result<void> View::begin() {
    struct stat st {};
    const std::string& path = options_.write_path;
    if (file_.valid()) {
        if (::fstat(file_.get(), &st) != 0) return Error::from_errno("cannot write " + path);
        if (S_ISREG(st.st_mode) && (::fchmod(file_.get(), 0600) != 0 || ::ftruncate(file_.get(), 0) != 0))
            return Error::from_errno("cannot empty " + path + " and make it private");
        if (!options_.quiet)
            say(fmt::format("whodid: writing events as JSON lines to {} (mode 0600)\n", path));
    }
    return sink_->flush();
}

PipelineOptions View::pipeline_options() const {
    PipelineOptions pipeline;
    pipeline.filter = filter_options(options_);
    pipeline.filter.start_and_stop = !is_text(format_);
    pipeline.count_max = options_.count_max;
    pipeline.people = people_;
    pipeline.watch = watch_;
    return pipeline;
}

void View::print_footer(const Ledger& ledger, const Filter& filter, std::uint64_t shown) const {
    if (!options_.quiet) say(footer(ledger, filter, shown));
    const bool trouble = lost(ledger.total()) != 0 || !ledger.imbalances().empty();
    const bool asked = options_.verbose || (trouble && !options_.quiet);
    if (options_.ledger == LedgerFormat::kJson)
        say(ledger_json(ledger, filter, shown) + "\n");
    else if (options_.ledger == LedgerFormat::kText || asked)
        say(ledger_text(ledger));
}

}  // namespace whodid
