#pragma once

#include <string>
#include <utility>
#include <vector>

#include "chain/amount.hpp"

namespace grid::cli {

enum class OutputFormat { table, json };

/// One thing as name-value pairs, in the order in which a person wants to read them.
class Record {
public:
    Record& text(std::string name, std::string value);
    Record& number(std::string name, std::uint64_t value);
    Record& boolean(std::string name, bool value);
    /// Base units in JSON; whole units with the symbol in a table.
    Record& amount(std::string name, const chain::Amount& value, const char* symbol = "GRID");

    /// An array in JSON; left out of a table.
    Record& list(std::string name, const std::vector<Record>& records);

    struct Field {
        std::string name;
        std::string shown;  ///< in a table
        std::string json;
        bool in_table = true;
    };
    const std::vector<Field>& fields() const noexcept { return fields_; }

private:
    std::vector<Field> fields_;
};

/// One record: a line per field, or a JSON object.
void print(OutputFormat format, const Record& record);
/// Many: a table with a head, or a JSON array.
void print(OutputFormat format, const std::vector<Record>& records);

/// A step of something long: "· text" on standard error as soon as it starts.
void progress(const std::string& text);

}  // namespace grid::cli
