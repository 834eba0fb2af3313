#include "apps/grid/output.hpp"

#include <algorithm>
#include <cstdio>

#include "apps/grid/json.hpp"

namespace grid::cli {

namespace {

std::string json_of(const Record& record) {
    std::string out = "{";
    for (const auto& field : record.fields()) {
        if (out.size() > 1) out += ", ";
        out += json_text(field.name) + ": " + field.json;
    }
    return out + "}";
}

}  // namespace

Record& Record::text(std::string name, std::string value) {
    auto json = json_text(value);
    fields_.push_back({std::move(name), std::move(value), std::move(json)});
    return *this;
}

Record& Record::number(std::string name, std::uint64_t value) {
    fields_.push_back({std::move(name), std::to_string(value), std::to_string(value)});
    return *this;
}

Record& Record::boolean(std::string name, bool value) {
    fields_.push_back({std::move(name), value ? "yes" : "no", value ? "true" : "false"});
    return *this;
}

Record& Record::amount(std::string name, const chain::Amount& value, const char* symbol) {
    fields_.push_back({std::move(name), value.units() + " " + symbol, json_text(value.decimal())});
    return *this;
}

Record& Record::list(std::string name, const std::vector<Record>& records) {
    std::string json = "[";
    for (const auto& record : records) json += (json.size() > 1 ? ", " : "") + json_of(record);
    fields_.push_back({std::move(name), "", json + "]", false});
    return *this;
}

namespace {

void print_row(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        line += cells[i];
        if (i + 1 < cells.size()) line.append(widths[i] - cells[i].size() + 2, ' ');
    }
    std::printf("%s\n", line.c_str());
}

}  // namespace

void print(OutputFormat format, const Record& record) {
    if (format == OutputFormat::json) {
        std::printf("%s\n", json_of(record).c_str());
        return;
    }
    std::size_t width = 0;
    for (const auto& field : record.fields()) width = std::max(width, field.name.size());
    for (const auto& field : record.fields())
        if (field.in_table) print_row({field.name, field.shown}, {width, 0});
}

void print(OutputFormat format, const std::vector<Record>& records) {
    if (format == OutputFormat::json) {
        std::string out = "[";
        for (const auto& record : records) out += (out.size() > 1 ? ",\n " : "") + json_of(record);
        std::printf("%s]\n", out.c_str());
        return;
    }
    if (records.empty()) {
        std::printf("nothing to show\n");
        return;
    }
    std::vector<std::vector<std::string>> rows(1);
    for (const auto& field : records.front().fields()) rows.front().push_back(field.name);
    for (const auto& record : records) {
        rows.emplace_back();
        for (const auto& field : record.fields()) rows.back().push_back(field.shown);
    }
    std::vector<std::size_t> widths(rows.front().size(), 0);
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    for (const auto& row : rows) print_row(row, widths);
}

void progress(const std::string& text) {
    std::fprintf(stderr, "· %s\n", text.c_str());
}

}  // namespace grid::cli
