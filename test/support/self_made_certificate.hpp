#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace grid::test {

/// A certificate for one name that signs itself, and its key, as PEM files in a directory.
struct SelfMadeCertificate {
    SelfMadeCertificate(const std::string& directory, const std::string& dns_name)
        : certificate(directory + "/certificate.pem"), key(directory + "/key.pem") {
        const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pair(EVP_EC_gen("P-256"), EVP_PKEY_free);
        const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), X509_free);
        X509_set_version(made.get(), 2);
        ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
        X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
        X509_gmtime_adj(X509_getm_notAfter(made.get()), 24 * 3600);
        X509_set_pubkey(made.get(), pair.get());
        auto* subject = X509_get_subject_name(made.get());
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(dns_name.c_str()), -1, -1, 0);
        X509_set_issuer_name(made.get(), subject);
        add(made.get(), NID_subject_alt_name, "DNS:" + dns_name);
        add(made.get(), NID_basic_constraints, "critical,CA:TRUE");
        if (X509_sign(made.get(), pair.get(), EVP_sha256()) == 0)
            throw std::runtime_error("the certificate cannot be signed");
        write(certificate, [&](BIO* out) { return PEM_write_bio_X509(out, made.get()); });
        write(key, [&](BIO* out) {
            return PEM_write_bio_PrivateKey(out, pair.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
    }

    const std::string certificate;
    const std::string key;

private:
    static void add(X509* made, int kind, const std::string& value) {
        X509V3_CTX context;
        X509V3_set_ctx_nodb(&context);
        X509V3_set_ctx(&context, made, made, nullptr, nullptr, 0);
        const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
            X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()), X509_EXTENSION_free);
        if (!extension || X509_add_ext(made, extension.get(), -1) == 0)
            throw std::runtime_error("the certificate cannot have " + value);
    }
    template <class Write>
    static void write(const std::string& path, const Write& put) {
        const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new_file(path.c_str(), "w"), BIO_free);
        if (!out || put(out.get()) != 1) throw std::runtime_error(path + " cannot be written");
    }
};

}  // namespace grid::test
